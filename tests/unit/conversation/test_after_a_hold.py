"""A voice over the agent's was nothing: whatever was under way before it is under way again."""

from __future__ import annotations

from tests.unit.conversation.scenes import Scene, speaking

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev


def _coughs(scene: Scene, reply_id: str) -> None:
    """Paused at once, and resumed when the hold is over or it is known to be no word."""
    scene.voice()
    if scene.phase == "holding" and scene.conversation.state.sounding():
        scene.paused(reply_id)
    scene.wait(300)
    scene.pause()
    scene.wait(60)
    scene.final("")
    scene.segment += 1


def test_a_reply_that_was_ready_meanwhile_is_heard() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.voice()
    scene.gives(reply_id, "We open at eight.")
    assert scene.last(cmd.StartPlayout).reply_id != reply_id, "not over a voice"
    scene.wait(300)
    scene.pause()
    scene.final("")
    assert scene.last(cmd.StartPlayout).reply_id == reply_id
    assert scene.last(cmd.FinishPlayout).reply_id == reply_id


def test_a_wait_for_the_reply_is_covered_as_before() -> None:
    scene = Scene()
    scene.greeted()
    scene.asked()
    _coughs(scene, "")
    scene.wait(1499)
    assert scene.count(cmd.Synthesize) == 1
    scene.wait(1)
    assert scene.last(cmd.Synthesize).text == "One moment."


def test_a_reply_that_stops_half_way_is_covered_as_before() -> None:
    scene, reply_id = speaking("Let me look.", heard_ms=300, finishes=False)
    _coughs(scene, reply_id)
    assert scene.count(cmd.ResumePlayout) == 1
    scene.play(reply_id, 420)
    scene.wait(1500)
    assert scene.last(cmd.Synthesize) == cmd.Synthesize(reply_id=reply_id, index=1, text="One moment.")


def test_an_end_the_far_end_never_tells_of_gives_the_floor_to_the_caller_as_before() -> None:
    scene, reply_id = speaking("We open at eight.", heard_ms=700)
    _coughs(scene, reply_id)
    scene.wait(320 + 3000)
    assert scene.phase == "listening"
    report = scene.reports(reply_id)[0]
    assert (report.text, report.complete) == ("We open at eight.", True)
    assert scene.count(cmd.Escalate) == 0 and scene.last(cmd.StartReply).kind == "turn", "nobody apologises"


def test_a_filler_goes_on_and_the_reply_follows_it() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.wait(1500)
    scene.made("f1", 0, 660)
    scene.audible("f1")
    scene.play("f1", 200)
    _coughs(scene, "f1")
    assert scene.last(cmd.ResumePlayout) == cmd.ResumePlayout(reply_id="f1", rewind_ms=0)
    scene.gives(reply_id, "We open at eight.")
    assert scene.last(cmd.StartPlayout).reply_id == "f1"
    scene.heard_out("f1", 660)
    assert scene.last(cmd.StartPlayout).reply_id == reply_id


def test_that_it_is_somebodys_voice_takes_no_floor_without_words_of_his() -> None:
    for words in ("", "okay"):
        scene, reply_id = speaking(heard_ms=700)
        scene.voice()
        scene.paused(reply_id)
        scene.step(ev.VoiceWeighed(at_ms=scene.now_ms, sure=False))
        scene.partial(words)
        scene.step(ev.VoiceWeighed(at_ms=scene.now_ms, sure=True))
        assert scene.count(cmd.FlushPlayout) == 0 and scene.phase == "holding"


def test_that_it_is_somebodys_voice_changes_nothing_while_he_has_the_floor() -> None:
    scene = Scene()
    scene.greeted()
    scene.step(ev.VoiceWeighed(at_ms=scene.now_ms, sure=False))
    scene.says("What are your hours?", score=0.1)
    due_ms = scene.conversation.state.timers["stop_silence"]
    assert scene.step(ev.VoiceWeighed(at_ms=scene.now_ms, sure=True)) == []
    assert scene.conversation.state.timers["stop_silence"] == due_ms


def test_nothing_is_decided_before_all_of_it_is_known() -> None:
    """Two pauses, two finals due: the first says nothing, and the second is an interruption."""
    scene, reply_id = speaking(heard_ms=700)
    scene.voice()
    scene.paused(reply_id)
    scene.wait(200)
    scene.pause()
    scene.voice()
    scene.wait(300)
    scene.pause()
    scene.final("")
    assert scene.notes() == [] and scene.count(cmd.ResumePlayout) == 0
    scene.segment += 1
    scene.final("No, on Saturday please.")
    assert scene.last(cmd.FlushPlayout).reply_id == reply_id
    scene.wait(2000)
    assert scene.last(cmd.CommitTurn).text == "No, on Saturday please."


def test_who_interrupts_in_earnest_is_trusted_a_little_more() -> None:
    """Two echoes in words make a mere voice suspect; with a real interruption between them they do not."""
    scene, reply_id = speaking(heard_ms=1000)
    _echo(scene, reply_id, "open at eight")
    scene.voice()
    scene.paused(reply_id)
    scene.now_ms += 400
    scene.partial("No stop, I mean Saturday")
    scene.flushed()
    scene.pause()
    scene.final("No stop, I mean Saturday")
    scene.wait(2000)
    scene.segment += 1
    reply_id = scene.last(cmd.StartReply).reply_id
    scene.heard_ms = 0
    scene.gives(reply_id, "On Saturday we open at nine.", "We close at noon.")
    scene.audible(reply_id)
    scene.play(reply_id, 1200)
    _echo(scene, reply_id, "Saturday we open")
    assert [kind for kind, _ in scene.notes()] == ["echo", "echo"]
    pauses = scene.count(cmd.PausePlayout)
    scene.voice()
    assert scene.count(cmd.PausePlayout) == pauses + 1


def _echo(scene: Scene, reply_id: str, words: str) -> None:
    scene.voice()
    scene.paused(reply_id)
    scene.now_ms += 250
    scene.pause()
    scene.step(ev.TranscriptFinal(at_ms=scene.now_ms, segment=scene.segment, text=words))
    scene.segment += 1
    scene.play(reply_id, 200)
