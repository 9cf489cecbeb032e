"""The caller has asked for a moment: how long it lasts, and what does not end it."""

from __future__ import annotations

import pytest
from tests.unit.conversation.scenes import Scene

from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import LinePolicy

SILENCE = Policy().silence
ASKED = "One second, let me find my card."


def _waiting(policy: Policy | None = None, text: str = ASKED) -> Scene:
    """The agent has said that it waits, and was heard."""
    scene = Scene(policy)
    scene.greeted()
    reply_id = scene.asked(text)
    scene.gives(reply_id, "Take your time.")
    scene.audible(reply_id)
    scene.play(reply_id, 900)
    scene.ends(reply_id)
    return scene


def _rummages(scene: Scene, duration_ms: int) -> None:
    scene.voice()
    scene.wait(duration_ms)
    scene.pause()
    scene.wait(60)
    scene.final("")
    scene.segment += 1
    scene.wait(2000)


def _asks_again_after_ms(scene: Scene, since_ms: int) -> int:
    while scene.last(cmd.StartReply).kind != "reprompt":
        assert scene.now_ms < since_ms + 120_000, "the caller is never asked again"
        scene.wait(100)
    return scene.now_ms - since_ms


def test_an_answer_thought_about_aloud_is_not_waited_for_half_a_minute() -> None:
    scene = _waiting(text="Let me see, Thursday at ten.")
    assert abs(_asks_again_after_ms(scene, scene.now_ms) - SILENCE.reprompt_after_ms) <= 100


@pytest.mark.parametrize(
    ("question", "patience_ms"),
    [
        ("How long does the pain last?", SILENCE.reprompt_after_ms),
        ("What is your number?", SILENCE.hold_patience_ms),
    ],
)
def test_one_minute_is_waited_for_except_where_it_says_how_long(question: str, patience_ms: int) -> None:
    scene = Scene()
    scene.greeted()
    for said, replied in (("I have a headache.", question), ("One minute.", "I see.")):
        reply_id = scene.asked(said)
        scene.gives(reply_id, replied)
        scene.audible(reply_id)
        scene.play(reply_id, 900)
        scene.ends(reply_id)
        scene.segment += 1
    assert abs(_asks_again_after_ms(scene, scene.now_ms) - patience_ms) <= 100


def test_a_television_behind_a_caller_who_looks_for_his_card_does_not_make_us_ask_again() -> None:
    scene = _waiting()
    since_ms = scene.now_ms
    scene.wait(3000)
    scene.voice()
    scene.wait(SILENCE.noise_ms + 2000)
    assert scene.last(cmd.StartReply).kind == "turn", "the noise bound is not for who asked us to wait"
    assert abs(_asks_again_after_ms(scene, since_ms) - SILENCE.hold_patience_ms) <= 100


def test_rummaging_neither_ends_the_moment_nor_makes_it_longer() -> None:
    scene = _waiting()
    since_ms = scene.now_ms
    for _ in range(4):
        scene.wait(1500)
        _rummages(scene, 800)
    assert abs(_asks_again_after_ms(scene, since_ms) - SILENCE.hold_patience_ms) <= 100


def test_a_moment_that_runs_out_under_a_noise_is_over_soon_after_it() -> None:
    scene = _waiting()
    since_ms = scene.now_ms
    scene.wait(SILENCE.hold_patience_ms - 1000)
    _rummages(scene, 3000)
    asked_ms = _asks_again_after_ms(scene, since_ms)
    assert 0 < asked_ms - SILENCE.hold_patience_ms <= 3000 + SILENCE.reprompt_after_ms


def test_a_caller_who_begins_to_look_while_we_still_speak_has_his_whole_moment() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked(ASKED)
    scene.gives(reply_id, "Take your time.")
    scene.audible(reply_id)
    scene.play(reply_id, 600)
    scene.voice()
    scene.wait(900)  # No word of it: we go on.
    scene.ends(reply_id, 900)
    scene.pause()
    scene.final("")
    since_ms = scene.now_ms
    assert abs(_asks_again_after_ms(scene, since_ms) - SILENCE.hold_patience_ms) <= 2000


@pytest.mark.parametrize("text", ["Um.", "Uh...", "Mm, uh."])
def test_an_um_while_he_looks_is_no_turn_and_he_goes_on_looking(text: str) -> None:
    scene = _waiting()
    since_ms, turns = scene.now_ms, scene.count(cmd.CommitTurn)
    scene.wait(3000)
    scene.says(text)
    scene.segment += 1
    scene.wait(5000)
    assert scene.count(cmd.CommitTurn) == turns and scene.count(cmd.ConfirmReply) == 1
    assert scene.notes()[-1] == ("backchannel", text)
    assert abs(_asks_again_after_ms(scene, since_ms) - SILENCE.hold_patience_ms) <= 100


def test_who_is_back_is_answered() -> None:
    scene = _waiting()
    scene.wait(8000)
    _rummages(scene, 800)
    scene.says("Okay, I have it.")
    scene.wait(3000)
    assert scene.last(cmd.CommitTurn).text == "Okay, I have it."


def test_on_a_poor_line_rummaging_is_not_asked_about() -> None:
    scene = _waiting(Policy(line_quality=LinePolicy(fallback=("ask",))))
    scene.step(ev.LineGraded(at_ms=scene.now_ms, poor=True, causes="noisy"))
    scene.wait(4000)
    assert scene.conversation.state.line.poor
    _rummages(scene, 1500)
    assert scene.last(cmd.StartReply).kind == "turn" and scene.phase == "listening"
