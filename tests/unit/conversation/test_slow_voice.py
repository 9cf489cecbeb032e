"""The words of the reply are there, but the voice takes its time: the caller hears that we are still here."""

from __future__ import annotations

import pytest
from tests.unit.conversation.scenes import Scene, speaking

from antiphon.conversation import Policy, SilencePolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev

SOUND_MS = 700
FIRST, SECOND = "We open at eight.", "We close at five."  # 1020 ms each.


def _sounds(scene: Scene) -> list[str]:
    return [c.sound for c in scene.commands if isinstance(c, cmd.Synthesize) and c.sound]


def _of_playout(commands: list[cmd.Command], reply_id: str) -> list[str]:
    """What the line was told about a reply, in order."""
    kinds = (cmd.StartPlayout, cmd.DeferPlayout, cmd.FlushPlayout, cmd.FinishPlayout)
    return [type(c).__name__ for c in commands if isinstance(c, kinds) and c.reply_id == reply_id]


def _sounds_begin(scene: Scene, filler_id: str) -> None:
    scene.made(filler_id, 0, SOUND_MS)
    scene.audible(filler_id)


def _sound_is_heard(scene: Scene, filler_id: str) -> list[cmd.Command]:
    _sounds_begin(scene, filler_id)
    scene.now_ms += SOUND_MS
    return scene.heard_out(filler_id, SOUND_MS)


def _waits_for_its_voice(policy: Policy | None = None) -> tuple[Scene, str]:
    """All words of the reply are there at once; the caller's turn was taken just now."""
    scene = Scene(policy)
    scene.greeted()
    reply_id = scene.asked()
    scene.gives(reply_id, FIRST, made=False)
    return scene, reply_id


def _stops_between_two_sentences() -> tuple[Scene, str]:
    """The first is heard to its last sample; of the second there is no audio."""
    scene, reply_id = speaking(FIRST, heard_ms=600, finishes=False)
    scene.gives(reply_id, SECOND, made=False)
    scene.play(reply_id, 420)
    return scene, reply_id


def test_a_reply_whose_first_sample_is_late_is_covered_in_time() -> None:
    scene, reply_id = _waits_for_its_voice()
    timer_ms = scene.conversation.state.timers["filler"]
    scene.wait(timer_ms - scene.now_ms - 1)
    assert _sounds(scene) == []
    scene.wait(1)
    assert _sounds(scene) == ["thinking"]
    assert _of_playout(scene.commands, reply_id)[-1] == "DeferPlayout", "never over one another"


def test_the_caller_never_waits_in_silence_for_longer_than_the_filler_takes() -> None:
    """Four seconds from one sound to the next, until the reply is given up."""
    scene, _ = _waits_for_its_voice()
    filler_ms, taken_ms = [], scene.conversation.state.timers["filler"] - SilencePolicy().filler_after_ms
    for number in range(1, 4):
        while len(_sounds(scene)) < number and scene.phase != "ended":
            scene.wait(50)
        filler_ms.append(scene.now_ms - taken_ms)
        _sound_is_heard(scene, f"f{number}")
        taken_ms = scene.now_ms
    assert filler_ms[0] <= SilencePolicy().filler_after_ms + 50
    assert all(ms <= SilencePolicy().filler_gap_ms + 50 for ms in filler_ms[1:])


def test_no_sound_covers_the_wait_twice_running() -> None:
    scene, _ = _waits_for_its_voice()
    scene.wait(1500)
    _sound_is_heard(scene, "f1")
    scene.wait(4000)
    _sound_is_heard(scene, "f2")
    scene.wait(4000)
    assert _sounds(scene) == ["thinking", "still_thinking", "thinking"]


def test_a_reply_whose_audio_comes_while_the_sound_is_heard_follows_it() -> None:
    scene, reply_id = _waits_for_its_voice()
    scene.wait(1500)
    _sounds_begin(scene, "f1")
    assert _of_playout(scene.made(reply_id, 0, 1020), reply_id) == []
    scene.now_ms += SOUND_MS
    assert _of_playout(scene.heard_out("f1", SOUND_MS), reply_id) == ["StartPlayout"]
    scene.audible(reply_id)
    assert scene.phase == "speaking"
    scene.play(reply_id, 1020)
    scene.ends(reply_id)
    assert scene.reports(reply_id)[0].text == FIRST and scene.phase == "listening"
    assert scene.count(cmd.FinishPlayout) == 3, "greeting, sound and reply: each once"


def test_a_reply_that_sounds_in_time_is_not_held_up_by_a_filler() -> None:
    scene, reply_id = _waits_for_its_voice()
    scene.wait(1000)
    scene.audible(reply_id)  # Its chunk is still being made.
    scene.play(reply_id, 1000)
    assert _sounds(scene) == [] and scene.count(cmd.DeferPlayout) == 0


def test_words_that_come_just_before_the_filler_get_the_time_a_voice_takes() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.wait(scene.conversation.state.timers["filler"] - scene.now_ms - 100)
    scene.gives(reply_id, FIRST, made=False)
    scene.wait(300)
    assert scene.count(cmd.DeferPlayout) == 0
    scene.audible(reply_id)
    scene.wait(1000)
    assert scene.count(cmd.DeferPlayout) == 0 and _sounds(scene) == []


def test_a_voice_that_stops_between_two_sentences_is_covered() -> None:
    scene, reply_id = _stops_between_two_sentences()
    scene.wait(1499)
    assert _sounds(scene) == []
    scene.wait(1)
    assert _sounds(scene) == ["thinking"] and _of_playout(scene.commands, reply_id)[-1] == "DeferPlayout"
    assert _of_playout(_sound_is_heard(scene, "f1"), reply_id) == ["StartPlayout"]
    assert scene.phase == "speaking"
    scene.wait(4000)
    assert _sounds(scene) == ["thinking", "still_thinking"]


def test_the_second_sentence_follows_the_sound_and_is_told_in_order() -> None:
    scene, reply_id = _stops_between_two_sentences()
    scene.wait(1500)
    _sounds_begin(scene, "f1")
    scene.made(reply_id, 1, 1020)
    scene.now_ms += SOUND_MS
    scene.heard_out("f1", SOUND_MS)
    scene.play(reply_id, 1020)
    scene.ends(reply_id)
    assert scene.reports(reply_id)[0].text == f"{FIRST} {SECOND}" and scene.reports("f1")[0].text == ""
    assert scene.phase == "listening"


def test_a_sentence_that_plays_while_it_is_made_is_not_taken_for_silence() -> None:
    """A voice that speaks as slowly as it is heard: only the marks tell."""
    scene, reply_id = _stops_between_two_sentences()
    scene.wait(1200)
    scene.step(ev.PlayoutMark(at_ms=scene.now_ms, reply_id=reply_id, heard_ms=1020))  # It goes on.
    scene.play(reply_id, 5000)
    assert _sounds(scene) == [] and scene.phase == "speaking"


def test_a_sentence_whose_voice_breaks_off_in_the_middle_is_covered() -> None:
    scene, reply_id = _stops_between_two_sentences()
    scene.play(reply_id, 400)
    scene.wait(1500)
    assert _sounds(scene) == ["thinking"]
    _sound_is_heard(scene, "f1")
    scene.play(reply_id, 400)
    scene.wait(100)
    scene.voice()
    scene.partial("Stop it please now")
    scene.flushed()
    assert scene.reports(reply_id)[0].text.startswith(FIRST)


def test_a_voice_that_never_gives_the_rest_is_given_up_all_the_same() -> None:
    scene, _ = _stops_between_two_sentences()
    for number in range(1, 9):
        scene.wait(1500)
        if len(_sounds(scene)) >= number:
            _sound_is_heard(scene, f"f{number}")
    scene.wait(4000)
    assert "trouble" in " ".join(c.text for c in scene.commands if isinstance(c, cmd.Synthesize))


@pytest.mark.parametrize("heard_before", [False, True])
def test_no_sound_over_the_caller(heard_before: bool) -> None:
    scene, reply_id = _stops_between_two_sentences() if heard_before else _waits_for_its_voice()
    scene.wait(1000)
    scene.voice()
    scene.paused(reply_id)
    scene.wait(5000)  # Noise: the reply may go on, and has no voice yet; he is still heard.
    assert _sounds(scene) == []
    scene.pause()
    scene.final("")
    scene.wait(1500)
    assert _sounds(scene) == ["thinking"]


@pytest.mark.parametrize("heard_before", [False, True])
def test_a_caller_who_speaks_over_the_sound_pauses_it_and_nothing_else_begins(heard_before: bool) -> None:
    scene, reply_id = _stops_between_two_sentences() if heard_before else _waits_for_its_voice()
    scene.wait(1500)
    _sounds_begin(scene, "f1")
    scene.wait(200)
    seen = scene.voice()
    assert [c.reply_id for c in seen if isinstance(c, cmd.PausePlayout)] == ["f1"]
    scene.made(reply_id, int(heard_before), 1020)
    scene.partial("And what about next Saturday?")
    flushed = [c.reply_id for c in scene.commands if isinstance(c, cmd.FlushPlayout)]
    assert flushed == ["f1", reply_id] and scene.phase == "listening"


@pytest.mark.parametrize("heard_before", [False, True])
def test_after_a_cough_over_the_sound_the_reply_waits_for_the_rest_of_it(heard_before: bool) -> None:
    scene, reply_id = _stops_between_two_sentences() if heard_before else _waits_for_its_voice()
    scene.wait(1500)
    _sounds_begin(scene, "f1")
    scene.wait(200)
    scene.voice()
    scene.step(ev.PlayoutPaused(at_ms=scene.now_ms, reply_id="f1", heard_ms=200))
    scene.made(reply_id, int(heard_before), 1020)
    scene.wait(200)
    scene.pause()
    resumed = [c.reply_id for c in scene.final("") if isinstance(c, cmd.ResumePlayout)]
    assert resumed == ["f1"]
    scene.now_ms += 500
    assert _of_playout(scene.heard_out("f1", SOUND_MS), reply_id) == ["StartPlayout"]


def test_a_filler_the_voice_is_slow_with_gives_way_to_a_sound() -> None:
    scene = Scene()
    scene.greeted()
    scene.asked()
    scene.wait(1500)
    assert scene.last(cmd.Synthesize).text == "One moment."
    scene.wait(1000)
    assert _sounds(scene) == ["thinking"]
    assert scene.last(cmd.FlushPlayout).reply_id == "f1"


def test_a_filler_within_a_reply_that_the_voice_is_slow_with_is_covered_by_a_sound() -> None:
    scene, reply_id = speaking(FIRST, heard_ms=600, finishes=False)
    scene.play(reply_id, 420)
    scene.wait(SilencePolicy().filler_after_ms)
    assert scene.last(cmd.Synthesize).text in Policy().fillers and _sounds(scene) == []
    scene.wait(499)
    assert _sounds(scene) == []
    scene.wait(1)
    assert _sounds(scene) == ["thinking"]
    assert _of_playout(scene.commands, reply_id)[-1] == "DeferPlayout"
    scene.made(reply_id, 1, 900)
    assert _of_playout(_sound_is_heard(scene, "f2"), reply_id) == ["StartPlayout"], "the phrase follows"


def test_a_reply_whose_audio_comes_before_that_of_the_filler_does_not_wait_for_it() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.wait(1500)
    scene.gives(reply_id, FIRST, made=False)
    assert _of_playout(scene.commands, reply_id) == []
    seen = scene.made(reply_id, 0, 1020)
    assert _of_playout(seen, "f1") == ["FlushPlayout"]
    assert _of_playout(seen, reply_id) == ["StartPlayout", "FinishPlayout"]


def test_an_agent_without_fillers_waits_for_its_voice_in_silence() -> None:
    scene, _ = _waits_for_its_voice(Policy(fillers=()))
    scene.wait(6000)
    assert _sounds(scene) == [] and scene.count(cmd.DeferPlayout) == 0


def _speaks_over_the_sound(protected: tuple[str, ...]) -> tuple[Scene, str]:
    """The first sentence was heard, the voice is late with the second, and a sound covers it."""
    scene, reply_id = speaking(FIRST, heard_ms=600, protected=protected, finishes=False)
    scene.gives(reply_id, SECOND, protected=protected, made=False)
    scene.play(reply_id, 420)
    scene.wait(1500)
    _sounds_begin(scene, "f1")
    scene.now_ms += 300
    assert any(isinstance(c, cmd.PausePlayout) and c.reply_id == "f1" for c in scene.voice())
    scene.now_ms += 300
    scene.partial("But I wanted to ask something else")
    return scene, reply_id


def test_a_voice_over_the_sound_before_what_must_be_heard_is_listened_to() -> None:
    """Nothing of it has begun: neither the sound nor the notice goes on over the caller."""
    scene, _ = _speaks_over_the_sound((SECOND,))
    assert scene.phase == "listening" and scene.count(cmd.FlushPlayout) == 2


def test_a_voice_over_the_sound_within_what_must_be_heard_pauses_the_sound_and_cuts_nothing() -> None:
    scene, reply_id = _speaks_over_the_sound((FIRST, SECOND))
    scene.wait(1000)
    assert scene.count(cmd.FlushPlayout) == 0 and scene.last(cmd.ResumePlayout).reply_id == "f1"
    scene.pause()
    scene.final("But I wanted to ask something else.")
    scene.heard_out("f1", SOUND_MS)
    scene.made(reply_id, 1, 1020)
    scene.audible(reply_id)
    scene.play(reply_id, 1020)
    scene.ends(reply_id)
    scene.wait(3000)
    assert scene.reports(reply_id)[0].protected == "heard"
    assert scene.last(cmd.CommitTurn).text == "But I wanted to ask something else."


@pytest.mark.parametrize(("protected", "goes_on"), [((FIRST,), False), ((FIRST, SECOND), True)])
def test_what_was_typed_over_the_sound_waits_for_what_must_be_heard_alone(
    protected: tuple[str, ...], goes_on: bool
) -> None:
    """What had to be heard was, before the sound: the sentence behind it is none to wait for."""
    scene, reply_id = speaking(FIRST, heard_ms=600, protected=protected, finishes=False)
    scene.gives(reply_id, SECOND, protected=protected, made=False)
    scene.play(reply_id, 420)
    scene.wait(1500)
    _sounds_begin(scene, "f1")
    scene.wait(200)
    scene.step(ev.TextTyped(at_ms=scene.now_ms, text="Which Friday?"))
    scene.wait(SOUND_MS - 200)
    seen = scene.heard_out("f1", SOUND_MS)
    assert _of_playout(seen, reply_id) == (["StartPlayout"] if goes_on else ["FlushPlayout"])
    assert (scene.last(cmd.CommitTurn).text == "Which Friday?") is not goes_on
