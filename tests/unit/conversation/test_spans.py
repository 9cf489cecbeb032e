"""Words that must be heard to their end, and what callers say and type over them."""

from __future__ import annotations

import pytest
from tests.unit.conversation.scenes import Scene, speaking

from antiphon.conversation import Policy, TurnPolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import SilencePolicy

NOTICE = "This call may be recorded."  # 26 characters: 1560 ms.
CHUNKS = ("One thing first.", NOTICE, "Now, how can I help you today?")  # The notice is 960 to 2520.


def _over_the_notice(heard_ms: int = 1200) -> tuple[Scene, str]:
    return speaking(*CHUNKS, protected=[NOTICE], heard_ms=heard_ms)


def test_a_voice_over_a_protected_chunk_pauses_nothing() -> None:
    scene, _ = _over_the_notice()
    assert not [c for c in scene.voice() if isinstance(c, cmd.PausePlayout)]
    assert scene.phase == "speaking"


def test_a_voice_before_the_protected_chunk_pauses_as_ever() -> None:
    scene, _ = _over_the_notice(heard_ms=600)
    assert [c for c in scene.voice() if isinstance(c, cmd.PausePlayout)]


def test_words_over_a_protected_chunk_take_the_floor_right_after_it() -> None:
    scene, reply_id = _over_the_notice()
    scene.says("I need a doctor today.", duration_ms=500)
    scene.play(reply_id, 1200)
    assert scene.count(cmd.FlushPlayout) == 0, "the notice is still being said"
    scene.play(reply_id, 200)
    assert scene.count(cmd.FlushPlayout) == 1
    scene.flushed()
    report = scene.reports(reply_id)[0]
    assert (report.protected, report.complete) == ("heard", False)
    assert NOTICE in report.text
    scene.wait(1500)
    assert scene.last(cmd.CommitTurn).text == "I need a doctor today."


def test_the_end_of_the_stretch_is_not_waited_for_by_marks_alone() -> None:
    scene, reply_id = _over_the_notice()
    scene.says("I need a doctor today.", duration_ms=500)
    scene.play(reply_id, 200)  # The clock is at 1200 + 560 + 200 of the audio, by the last mark at 1400.
    scene.wait(1560 - 200 - 240 + 100 + 200)
    assert scene.count(cmd.FlushPlayout) == 1


def test_a_voice_that_goes_on_after_the_protected_chunk_pauses_the_rest() -> None:
    scene, reply_id = _over_the_notice(heard_ms=2200)
    scene.voice()
    scene.play(reply_id, 600)
    assert scene.count(cmd.PausePlayout) == 1
    assert scene.phase == "holding"


def test_a_backchannel_over_a_protected_chunk_changes_nothing_and_is_kept() -> None:
    scene, reply_id = _over_the_notice()
    scene.says("Mm-hmm.", duration_ms=300)
    scene.play(reply_id, 2000)
    assert scene.notes() == [("backchannel", "Mm-hmm.")]
    assert scene.count(cmd.FlushPlayout) == scene.count(cmd.PausePlayout) == 0


def test_after_the_protected_chunk_barge_in_is_as_ever() -> None:
    scene, _ = _over_the_notice(heard_ms=2800)
    scene.voice()
    scene.now_ms += 300
    scene.partial("Wait a minute")
    assert scene.count(cmd.FlushPlayout) == 1


def test_keys_over_a_protected_chunk_are_kept_and_count_right_after_it() -> None:
    scene, reply_id = _over_the_notice()
    scene.step(ev.DtmfReceived(at_ms=scene.now_ms, digit="7"))
    assert scene.count(cmd.FlushPlayout) == 0
    scene.play(reply_id, 1600)
    assert scene.count(cmd.FlushPlayout) == 1, "a key takes the floor as soon as it may"
    scene.flushed()
    scene.wait(3000)
    assert scene.last(cmd.CommitTurn).text == "dtmf:7"


def test_a_protected_last_chunk_is_protected_to_its_last_sample() -> None:
    scene, reply_id = speaking("Hello.", NOTICE, protected=[NOTICE], heard_ms=1900)
    scene.says("I need a doctor today.", duration_ms=200)
    assert scene.count(cmd.PausePlayout) == 0
    scene.ends(reply_id)
    assert scene.reports(reply_id)[0].protected == "heard"
    scene.wait(1500)
    assert scene.last(cmd.CommitTurn).text == "I need a doctor today."


def test_a_notice_cut_before_its_end_does_not_count_as_given() -> None:
    scene, reply_id = _over_the_notice(heard_ms=800)
    scene.voice()
    scene.partial("Stop that")
    scene.flushed()
    assert scene.reports(reply_id)[0].protected == "cut"


def test_a_notice_that_ends_with_a_hang_up_does_not_count_as_given() -> None:
    scene, reply_id = _over_the_notice(heard_ms=2400)
    scene.step(ev.CallerHungUp(at_ms=scene.now_ms))
    assert scene.reports(reply_id)[0].protected == "cut"


def test_a_notice_whose_audio_never_came_does_not_count_as_given() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.gives(reply_id, "One thing first.", finishes=False)
    scene.gives(reply_id, NOTICE, protected=[NOTICE], made=False)
    scene.step(ev.SynthesisFailed(at_ms=scene.now_ms, reply_id=reply_id, index=1, reason="no voice"))
    scene.audible(reply_id)
    scene.play(reply_id, 960)
    scene.ends(reply_id)
    assert scene.reports(reply_id)[0].protected == "cut"


def test_a_notice_its_voice_broke_off_in_does_not_count_as_given() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.gives(reply_id, "One thing first.", finishes=False)
    scene.gives(reply_id, NOTICE, protected=[NOTICE], made=False)
    scene.audible(reply_id)
    scene.step(ev.SynthesisFailed(at_ms=scene.now_ms, reply_id=reply_id, index=1, reason="cut", audio_ms=900))
    scene.play(reply_id, 1860)
    scene.ends(reply_id)
    report = scene.reports(reply_id)[0]
    assert (report.text, report.protected) == ("One thing first. This call may", "cut")


def test_a_reply_without_protected_words_says_so() -> None:
    scene, reply_id = speaking()
    scene.ends(reply_id)
    assert scene.reports(reply_id)[0].protected == ""


def test_a_chunk_still_being_made_is_protected_while_it_plays() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.gives(reply_id, NOTICE, protected=[NOTICE], made=False, finishes=False)
    scene.audible(reply_id)
    scene.play(reply_id, 400)
    scene.voice()
    assert scene.count(cmd.PausePlayout) == 0


def test_a_greeting_protected_as_a_whole_is_so_before_its_first_sample() -> None:
    scene = Scene(Policy(protect_greeting=True))
    scene.voice()
    scene.gives("r1", "This is the clinic.", "How can I help?")
    assert scene.last(cmd.StartPlayout).reply_id == "r1"
    scene.audible("r1")
    scene.play("r1", 1600)
    scene.partial("I need a doctor")
    assert scene.count(cmd.FlushPlayout) == 0


@pytest.mark.parametrize("reason", ["time_limit", "cost_limit", "operator"])
def test_nobody_talks_the_agent_out_of_a_limit(reason: str) -> None:
    scene = Scene(_limited())
    scene.greeted()
    _reach(scene, reason)
    reply_id = scene.last(cmd.StartReply).reply_id
    scene.voice()
    scene.gives(reply_id, "I have to go now, goodbye.")
    scene.audible(reply_id)
    scene.heard_ms = 0
    scene.play(reply_id, 800)
    scene.partial("No wait, one more thing please")
    scene.play(reply_id, 760)
    scene.ends(reply_id)
    assert scene.last(cmd.EndCall).cause == reason
    assert scene.notes()[-1] == ("late", "No wait, one more thing please")
    assert scene.count(cmd.StartReply) == 2, "the goodbye is said once"


def _limited(*, call_max_ms: int = 1_800_000, protect_greeting: bool = False) -> Policy:
    limits = SilencePolicy(call_cost_max_usd=0.5, call_max_ms=call_max_ms)
    return Policy(silence=limits, protect_greeting=protect_greeting)


def _reach(scene: Scene, reason: str) -> None:
    at_ms = scene.now_ms
    if reason == "time_limit":
        scene.now_ms = 1_800_000
        scene.step(ev.TimerFired(at_ms=scene.now_ms, timer="call_limit"))
    elif reason == "cost_limit":
        scene.step(ev.CostReached(at_ms=at_ms, cost_usd=0.51))
    else:
        scene.step(ev.OperatorEnded(at_ms=at_ms))


def test_words_over_a_notice_count_after_it_where_no_mere_voice_pauses_anything() -> None:
    scene, reply_id = speaking(
        *CHUNKS, protected=[NOTICE], heard_ms=1200, policy=Policy(turn=TurnPolicy(echoes_max=0))
    )
    scene.says("I need a doctor today.", duration_ms=500)
    scene.play(reply_id, 1400)
    assert scene.count(cmd.FlushPlayout) == 1


def test_a_notice_at_the_end_whose_last_sample_nobody_confirms_was_heard() -> None:
    scene, reply_id = speaking(NOTICE, protected=[NOTICE], heard_ms=1400)
    scene.wait(5000)
    assert scene.phase == "listening" and scene.reports(reply_id)[0].protected == "heard"


REASONS = ["time_limit", "cost_limit", "operator"]


@pytest.mark.parametrize("reason", REASONS)
def test_no_limit_and_no_polite_operator_cuts_the_notice_short(reason: str) -> None:
    at_ms = _over_the_notice()[0].now_ms + 1
    scene, reply_id = speaking(*CHUNKS, protected=[NOTICE], heard_ms=1200, policy=_limited(call_max_ms=at_ms))
    if reason == "time_limit":
        scene.wait(1)
    else:
        _reach(scene, reason)
    scene.play(reply_id, 1200)
    assert scene.count(cmd.FlushPlayout) == 0, "the notice is still being said"
    scene.play(reply_id, 200)
    assert scene.count(cmd.FlushPlayout) == 1, "and nothing behind it"
    scene.flushed()
    assert scene.reports(reply_id)[0].protected == "heard"
    goodbye = scene.last(cmd.StartReply)
    assert (goodbye.kind, goodbye.reason) == ("goodbye", reason)
    scene.gives(goodbye.reply_id, "I have to go now, goodbye.")
    scene.audible(goodbye.reply_id)
    scene.ends(goodbye.reply_id)
    assert scene.last(cmd.EndCall).cause == reason


def test_a_greeting_that_must_be_heard_is_before_the_limit_ends_the_call() -> None:
    scene = Scene(_limited(protect_greeting=True))
    scene.gives("r1", "This is the clinic.", "How can I help?")
    scene.audible("r1")
    scene.play("r1", 800)
    _reach(scene, "cost_limit")
    scene.play("r1", 1200)
    assert scene.count(cmd.FlushPlayout) == 0
    scene.ends("r1")
    assert scene.reports("r1")[0].protected == "heard"
    assert scene.last(cmd.StartReply).reason == "cost_limit"


def test_a_notice_that_has_not_begun_does_not_keep_a_call_past_its_limit() -> None:
    scene, _ = speaking(*CHUNKS, protected=[NOTICE], heard_ms=600, policy=_limited())
    _reach(scene, "cost_limit")
    assert scene.last(cmd.StartReply).reason == "cost_limit"


def test_a_voice_that_stands_still_within_the_notice_does_not_keep_the_call_for_ever() -> None:
    scene, reply_id = speaking(NOTICE, finishes=False, protected=[NOTICE], heard_ms=200, policy=_limited())
    scene.gives(reply_id, "It has a second half.", protected=["It has a second half."], made=False)
    _reach(scene, "cost_limit")
    scene.wait(Policy().silence.goodbye_max_ms)
    assert scene.reports(reply_id) or scene.count(cmd.FlushPlayout), "it was waited for long enough"
    assert scene.last(cmd.StartReply).reason == "cost_limit"
    scene.wait(Policy().silence.goodbye_max_ms)
    assert scene.last(cmd.EndCall).cause == "cost_limit"


def test_an_operator_who_says_now_ends_the_call_within_the_notice() -> None:
    scene, reply_id = speaking(*CHUNKS, protected=[NOTICE], heard_ms=1200, policy=_limited())
    _reach(scene, "cost_limit")
    scene.step(ev.OperatorEnded(at_ms=scene.now_ms, now=True))
    assert scene.last(cmd.EndCall).cause == "operator"
    assert scene.reports(reply_id)[0].protected == "cut"


@pytest.mark.parametrize("then", ["end", "escalate"])
def test_what_comes_after_a_notice_at_the_limit_is_the_end(then: str) -> None:
    scene, reply_id = speaking(NOTICE, protected=[NOTICE], heard_ms=400, then=then, policy=_limited())
    _reach(scene, "cost_limit")
    scene.play(reply_id, 1160)
    scene.ends(reply_id)
    assert scene.count(cmd.Escalate) == 0
    if then == "end":
        assert scene.last(cmd.EndCall).cause == "goal_reached", "these were last words"
    else:
        assert scene.last(cmd.StartReply).reason == "cost_limit"


def test_a_voice_lost_within_the_notice_at_the_limit_is_followed_by_the_goodbye_alone() -> None:
    scene, reply_id = speaking(NOTICE, finishes=False, protected=[NOTICE], heard_ms=400, policy=_limited())
    _reach(scene, "cost_limit")
    scene.step(ev.ReplyFailed(at_ms=scene.now_ms, reply_id=reply_id, reason="the model is gone"))
    assert scene.last(cmd.StartReply).reason == "cost_limit"
    assert Policy().trouble not in [c.text for c in scene.commands if isinstance(c, cmd.Synthesize)]


def test_what_is_said_over_a_notice_at_the_limit_is_kept_and_calls_nothing_off() -> None:
    scene, reply_id = speaking(*CHUNKS, protected=[NOTICE], heard_ms=1200, policy=_limited())
    _reach(scene, "cost_limit")
    scene.says("I need a doctor today.", duration_ms=500)
    scene.step(ev.OperatorEnded(at_ms=scene.now_ms))
    scene.play(reply_id, 1400)
    assert scene.notes() == [("late", "I need a doctor today.")]
    assert scene.last(cmd.StartReply).reason == "cost_limit", "the first reason stands"
    assert scene.count(cmd.CommitTurn) == 1
