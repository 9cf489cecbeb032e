"""Waits are covered: before a reply and in the middle of it, never twice alike, never over the caller."""

from __future__ import annotations

from tests.unit.conversation.scenes import Scene, speaking

from antiphon.conversation import Policy, TurnPolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev


def _fillers(scene: Scene) -> list[str]:
    """Each filler as said; the sound in brackets."""
    fillers = {"One moment.", "Let me check that."}
    return [
        f"[{c.sound}]" if c.sound else c.text
        for c in scene.commands
        if isinstance(c, cmd.Synthesize) and (c.sound or c.text in fillers)
    ]


def _slow_turns(policy: Policy | None, count: int) -> Scene:
    """So many turns whose replies each come after one filler."""
    scene = Scene(policy)
    scene.greeted()
    for turn in range(1, count + 1):
        reply_id = scene.asked(f"Question number {turn}, what is it?")
        scene.wait(1500)
        scene.audible(f"f{turn}")
        scene.now_ms += 700
        scene.heard_out(f"f{turn}")
        scene.gives(reply_id, "This is the answer.")
        scene.audible(reply_id)
        scene.now_ms += 1140
        scene.heard_out(reply_id)
    return scene


def test_no_filler_is_said_twice_running_across_replies() -> None:
    assert _fillers(_slow_turns(None, 4)) == [
        "One moment.", "Let me check that.", "One moment.", "Let me check that.",
    ]  # fmt: skip


def test_where_one_phrase_is_configured_a_sound_takes_turns_with_it() -> None:
    said = _fillers(_slow_turns(Policy(fillers=("One moment.",)), 3))
    assert said == ["One moment.", "[thinking]", "One moment."]


def test_a_phrase_configured_twice_is_one_phrase() -> None:
    said = _fillers(_slow_turns(Policy(fillers=("One moment.", "One moment.")), 2))
    assert said == ["One moment.", "[thinking]"]


def test_the_thinking_sound_takes_turns_with_the_phrases_where_it_is_wanted() -> None:
    said = _fillers(_slow_turns(Policy(thinking_sound=True), 5))
    assert said == ["One moment.", "[thinking]", "Let me check that.", "[thinking]", "One moment."]


def test_the_sound_is_no_word_of_the_conversation() -> None:
    scene = _slow_turns(Policy(fillers=("One moment.",)), 2)
    assert scene.reports("f1")[0].text == "One moment."
    assert scene.reports("f2")[0].text == ""


def test_no_filler_while_the_caller_makes_himself_heard() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.voice()
    scene.wait(900)  # It was no word within the hold bound: the reply may go on, the noise is still there.
    scene.wait(3000)
    assert _fillers(scene) == []
    scene.pause()
    scene.final("")
    scene.wait(400)
    assert _fillers(scene) == ["One moment."]
    assert scene.conversation.state.reply is not None
    assert scene.conversation.state.reply.id == reply_id


def test_a_filler_that_cannot_be_spoken_is_followed_by_another() -> None:
    scene = Scene()
    scene.greeted()
    scene.asked()
    scene.wait(1500)
    scene.step(ev.SynthesisFailed(at_ms=scene.now_ms, reply_id="f1", index=0, reason="no voice"))
    scene.wait(4000)
    assert _fillers(scene) == ["One moment.", "Let me check that."]


def test_a_filler_whose_voice_fails_while_it_is_paused_has_its_end() -> None:
    scene = Scene()
    scene.greeted()
    scene.asked()
    scene.wait(1500)
    scene.audible("f1")
    scene.now_ms += 300
    scene.voice()
    scene.paused("f1")
    scene.step(ev.SynthesisFailed(at_ms=scene.now_ms, reply_id="f1", index=0, reason="gone"))
    scene.flushed()
    assert [report.text for report in scene.reports("f1")] == [""]


def _stuck_half_way() -> tuple[Scene, str]:
    """The agent said that it looks something up, and the look-up takes its time."""
    scene, reply_id = speaking("Let me look.", heard_ms=600, finishes=False)
    scene.step(
        ev.ToolRequested(
            at_ms=scene.now_ms,
            reply_id=reply_id,
            tool_call_id="t1",
            name="find",
            arguments="{}",
            effect="none",
        )
    )
    scene.play(reply_id, 120)
    return scene, reply_id


def test_a_reply_that_stops_half_way_for_a_tool_is_covered_too() -> None:
    scene, reply_id = _stuck_half_way()
    scene.wait(1499)
    assert _fillers(scene) == []
    scene.wait(1)
    filler = scene.last(cmd.Synthesize)
    assert filler == cmd.Synthesize(reply_id=reply_id, index=1, text="One moment.")


def test_a_filler_within_a_reply_is_part_of_what_was_heard() -> None:
    scene, reply_id = _stuck_half_way()
    scene.wait(1500)
    scene.made(reply_id, 1, 660)
    scene.step(ev.ToolFinished(at_ms=scene.now_ms, tool_call_id="t1", ok=True))
    scene.gives(reply_id, "We have Thursday.")
    assert scene.last(cmd.Synthesize).index == 2
    assert scene.last(cmd.FinishPlayout).chunks == 3
    scene.play(reply_id, 1680)
    scene.ends(reply_id)
    assert scene.reports(reply_id)[0].text == "Let me look. One moment. We have Thursday."


def test_fillers_within_a_reply_do_not_keep_a_dead_one_alive() -> None:
    scene, reply_id = _stuck_half_way()
    made = 1
    for _ in range(12):
        scene.wait(1000)
        live = scene.conversation.state.reply
        if live is not None and live.id == reply_id and len(live.chunks) > made:
            scene.made(reply_id, made, 660)
            scene.play(reply_id, 660)
            made += 1
    assert len(_fillers(scene)) >= 2
    assert "trouble" in scene.last(cmd.Synthesize).text


def test_a_second_filler_within_a_reply_keeps_its_distance() -> None:
    scene, reply_id = _stuck_half_way()
    scene.wait(1500)
    scene.made(reply_id, 1, 660)
    scene.play(reply_id, 660)
    scene.wait(3900)
    assert len(_fillers(scene)) == 1
    scene.wait(100)
    assert len(_fillers(scene)) == 2


def test_a_greeting_or_a_goodbye_that_is_slow_is_not_filled() -> None:
    scene = Scene()
    scene.wait(3000)
    assert _fillers(scene) == []
    scene.greeted()
    scene.step(ev.OperatorEnded(at_ms=scene.now_ms))
    scene.wait(3000)
    assert _fillers(scene) == []


def test_an_agent_without_fillers_waits_in_silence() -> None:
    scene, _ = speaking("We open at eight.", heard_ms=900, finishes=False, policy=Policy(fillers=()))
    scene.wait(6000)
    assert _fillers(scene) == [] and scene.phase == "speaking"


def test_a_gap_within_a_reply_is_not_filled_over_a_voice_that_holds_nothing() -> None:
    only_words_interrupt = Policy(turn=TurnPolicy(echoes_max=0))
    scene, _ = speaking("We open at eight.", heard_ms=900, finishes=False, policy=only_words_interrupt)
    scene.voice()
    scene.wait(4000)
    assert scene.phase == "speaking" and _fillers(scene) == []
    scene.pause()
    scene.final("")
    scene.wait(400)
    assert _fillers(scene) == ["One moment."]


def test_a_noise_whose_final_never_comes_does_not_keep_the_wait_silent() -> None:
    scene = Scene()
    scene.greeted()
    scene.asked()
    scene.voice()
    scene.wait(TurnPolicy().hold_ms)
    scene.pause()
    scene.wait(Policy().silence.filler_after_ms)
    assert _fillers(scene) == ["One moment."]
