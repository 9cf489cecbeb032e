"""Our own voice on a speakerphone: recognised by its words, and harmless."""

from __future__ import annotations

import pytest
from tests.unit.conversation.scenes import Scene, speaking

from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import TurnPolicy

DIRECTIONS = (
    "From the north take the motorway as far as the second bridge.",
    "Behind it turn left, and follow the river until you see a red mill.",
    "Our building is the tall grey one next to the chemist.",
    "You may park in the yard, where a barrier opens when you ring.",
    "Please bring an old photograph, your passport and something warm to wear.",
    "Ask at reception for Barbara, who has your papers and a key.",
    "Lunch is served at noon, soup mostly, on the terrace if it does not rain.",
    "Whoever feels dizzy afterwards should drink water, sit down and wait.",
)


def test_a_long_speech_that_comes_back_all_the_time_does_not_interrupt_itself() -> None:
    policy = Policy(turn=TurnPolicy(echoes_max=0))
    scene, reply_id = speaking(*DIRECTIONS, heard_ms=500, policy=policy)
    scene.voice()
    whole = " ".join(DIRECTIONS).split()
    spoken_ms = 60 * len("".join(DIRECTIONS))
    for heard in range(1, len(whole) - 1):
        scene.play(reply_id, spoken_ms * heard // len(whole) - (scene.heard_ms - 500))
        scene.partial(" ".join(whole[:heard]))
        assert scene.count(cmd.FlushPlayout) == 0, f"after {heard} words"
    scene.partial(" ".join(whole[:-6]) + " no, stop, I know the way, but can I come on Monday?")
    assert scene.count(cmd.FlushPlayout) == 1, "but he does"


def test_an_echo_is_noted_as_such_and_speech_goes_on_at_the_same_sample() -> None:
    scene, reply_id = speaking(heard_ms=1000)
    scene.voice()
    scene.paused(reply_id)
    scene.now_ms += 250
    scene.pause()
    scene.now_ms += 60
    scene.final("open at ate")
    assert scene.notes() == [("echo", "open at ate")]
    assert scene.last(cmd.ResumePlayout) == cmd.ResumePlayout(reply_id=reply_id, rewind_ms=0)
    assert scene.count(cmd.FlushPlayout) == 0


def test_an_echo_in_a_partial_does_not_take_the_floor() -> None:
    scene, _ = speaking(heard_ms=1000)
    scene.voice()
    scene.now_ms += 300
    scene.partial("we open at eight")
    assert scene.count(cmd.FlushPlayout) == 0


def _line_with_echo() -> tuple[Scene, str]:
    """Two echoes in words were heard; the agent goes on."""
    scene, reply_id = speaking(heard_ms=1000)
    for words in ("open at eight", "we close at five"):
        scene.voice()
        scene.paused(reply_id)
        scene.now_ms += 250
        scene.pause()
        scene.final(words)
        scene.segment += 1
        scene.play(reply_id, 600)
    assert [kind for kind, _ in scene.notes()] == ["echo", "echo"]
    return scene, reply_id


def test_after_repeated_echoes_a_mere_voice_pauses_nothing() -> None:
    scene, _ = _line_with_echo()
    pauses = scene.count(cmd.PausePlayout)
    scene.voice()
    assert scene.count(cmd.PausePlayout) == pauses
    assert scene.phase == "speaking"


def test_after_repeated_echoes_real_words_still_take_the_floor() -> None:
    scene, _ = _line_with_echo()
    scene.voice()
    scene.now_ms += 400
    scene.partial("No, stop please")
    assert scene.count(cmd.FlushPlayout) == 1
    assert scene.phase == "listening"


def test_real_words_behind_an_echo_take_the_floor_without_it() -> None:
    scene, reply_id = _line_with_echo()
    scene.voice()
    scene.play(reply_id, 800)
    scene.partial("On Friday we no stop I mean Saturday")
    assert scene.count(cmd.FlushPlayout) == 1
    scene.pause()
    scene.now_ms += 60
    scene.final("On Friday we no stop I mean Saturday")
    scene.flushed()
    scene.wait(2000)
    assert scene.last(cmd.CommitTurn).text == "no stop I mean Saturday"


def test_an_echo_that_outlasts_our_speech_is_not_answered() -> None:
    scene, reply_id = _line_with_echo()
    scene.play(reply_id, 1300)
    scene.voice()
    scene.play(reply_id, 160)
    scene.ends(reply_id)
    scene.now_ms += 300
    scene.pause()
    scene.now_ms += 60
    scene.final("we close at noon")
    turns = scene.count(cmd.CommitTurn)
    scene.wait(1500)
    assert scene.count(cmd.CommitTurn) == turns
    assert not [c for c in scene.commands[-3:] if isinstance(c, cmd.StartReply)]


def test_voices_that_stop_as_we_pause_are_suspected_too() -> None:
    scene, reply_id = speaking(heard_ms=200, policy=Policy(turn=TurnPolicy(echoes_max=2)))
    for _ in range(2):
        scene.voice()
        scene.paused(reply_id)
        scene.now_ms += 250
        scene.pause()
        scene.final("")
        scene.segment += 1
        scene.play(reply_id, 400)
    pauses = scene.count(cmd.PausePlayout)
    scene.voice()
    assert pauses == 2
    assert scene.count(cmd.PausePlayout) == pauses


@pytest.mark.parametrize(
    ("stops_ms", "given_back"), [(-1, False), (0, True), (350, True), (351, False), (800, False)]
)
@pytest.mark.parametrize("words_after_ms", [0, 1500])
def test_only_a_voice_that_stops_as_we_pause_is_suspected(
    stops_ms: int, given_back: bool, words_after_ms: int
) -> None:
    scene, reply_id = speaking(*DIRECTIONS, heard_ms=200, policy=Policy(turn=TurnPolicy(echoes_max=1)))
    scene.voice()
    stopped_ms = scene.now_ms + stops_ms
    scene.wait(max(0, stops_ms))
    scene.step(ev.SpeechStopped(at_ms=scene.now_ms, ended_ms=stopped_ms))
    scene.wait(words_after_ms)
    scene.final("")
    scene.segment += 1
    scene.play(reply_id, 400)
    scene.voice()
    assert (scene.count(cmd.PausePlayout) == 1) is given_back


def test_a_noise_while_nothing_of_ours_sounds_is_no_echo() -> None:
    scene = Scene(Policy(turn=TurnPolicy(echoes_max=1)))
    scene.greeted()
    reply_id = scene.asked()
    scene.voice()
    scene.wait(200)
    scene.pause()
    scene.final("")
    scene.segment += 1
    scene.gives(reply_id, *DIRECTIONS)
    scene.audible(reply_id)
    scene.play(reply_id, 400)
    scene.voice()
    assert scene.count(cmd.PausePlayout) == 1


def _interrupts(scene: Scene, reply_id: str) -> str:
    """By words; what he asks is answered."""
    scene.voice()
    scene.wait(400)
    scene.partial("No, stop, please")
    scene.flushed()
    scene.wait(400)
    scene.pause()
    scene.final("No, stop, please")
    scene.score(0.9)
    scene.wait(1500)
    scene.segment += 1
    scene.heard_ms = 0
    reply_id = scene.last(cmd.StartReply).reply_id
    scene.gives(reply_id, *DIRECTIONS)
    scene.audible(reply_id)
    scene.play(reply_id, 1000)
    return reply_id


def _echoes(scene: Scene, reply_id: str, words: str) -> None:
    scene.voice()
    scene.wait(250)
    scene.pause()
    scene.final(words)
    scene.segment += 1
    scene.play(reply_id, 600)


def _pauses_for_a_voice(scene: Scene) -> bool:
    before = scene.count(cmd.PausePlayout)
    scene.voice()
    return scene.count(cmd.PausePlayout) > before


@pytest.mark.parametrize("suspected_again", [False, True])
def test_a_caller_who_interrupts_is_trusted_a_little_more(suspected_again: bool) -> None:
    scene, reply_id = _line_with_echo()
    reply_id = _interrupts(scene, reply_id)
    if suspected_again:
        _echoes(scene, reply_id, "")
    assert _pauses_for_a_voice(scene) is not suspected_again


def test_interruptions_on_a_line_without_echo_are_no_credit_for_later() -> None:
    scene, reply_id = speaking(*DIRECTIONS, heard_ms=1000, policy=Policy(turn=TurnPolicy(echoes_max=2)))
    reply_id = _interrupts(scene, reply_id)
    _echoes(scene, reply_id, "")
    assert _pauses_for_a_voice(scene)
    scene.wait(250)
    scene.pause()
    scene.final("")
    scene.segment += 1
    scene.play(reply_id, 600)
    assert not _pauses_for_a_voice(scene)


def test_what_we_have_not_begun_to_say_is_no_echo() -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.gives(reply_id, "Thursday works, we are open all day.")
    scene.wait(50)
    scene.voice()
    scene.wait(600)
    scene.partial("Thursday")
    assert scene.phase == "listening", "his words have the floor"
    assert not scene.notes()


@pytest.mark.parametrize("said_after", [False, True])
def test_what_we_said_long_before_or_after_his_voice_is_no_echo(said_after: bool) -> None:
    scene, reply_id = speaking(*DIRECTIONS, heard_ms=400, policy=Policy(turn=TurnPolicy(echoes_max=0)))
    scene.play(reply_id, 100 if said_after else 5000)
    scene.voice()
    scene.wait(500)
    scene.pause()
    if said_after:
        scene.play(reply_id, 4000)
    scene.final("the motorway as far as the second bridge")
    assert scene.count(cmd.FlushPlayout) == 1


def test_a_decision_of_ours_that_comes_back_is_none_of_the_callers() -> None:
    scene, _ = speaking("No, we are closed on Sunday.", heard_ms=500)
    scene.voice()
    scene.wait(250)
    scene.pause()
    scene.final("No.")
    assert scene.notes() == [("echo", "No.")]


def test_but_for_the_answer_a_question_comes_back_as_an_echo() -> None:
    scene, _ = speaking("Shall I cancel that, yes or no?", heard_ms=1000, expects="yes_no")
    scene.voice()
    scene.wait(250)
    scene.pause()
    scene.final("cancel that")
    assert scene.notes() == [("echo", "cancel that")]


def test_a_word_of_ours_given_as_an_answer_after_our_speech_is_an_answer() -> None:
    scene, reply_id = speaking("We have Wednesday or Thursday.", heard_ms=1800)
    scene.ends(reply_id)
    scene.wait(300)
    scene.says("Thursday.", duration_ms=500)
    scene.wait(1500)
    assert scene.last(cmd.CommitTurn).text == "Thursday."


def test_a_word_we_said_long_ago_is_the_callers_even_over_our_speech() -> None:
    scene, _ = speaking("We have Thursday at nine, or a week later the same time.", heard_ms=2600)
    scene.voice()
    scene.now_ms += 900
    scene.partial("Thursday please")
    assert scene.count(cmd.FlushPlayout) == 1


def test_yes_over_yes_or_no_is_the_answer() -> None:
    scene, _ = speaking("Is that right, yes or no?", heard_ms=1100, expects="yes_no")
    scene.voice()
    scene.now_ms += 300
    scene.partial("Yes")
    assert scene.count(cmd.FlushPlayout) == 1


def _sounds_like_us(scene: Scene, sure: bool = False) -> None:
    scene.step(ev.VoiceWeighed(at_ms=scene.now_ms, sure=sure, echo=not sure))


def test_our_voice_misheard_as_other_words_is_known_by_its_sound() -> None:
    scene, reply_id = speaking(heard_ms=1000)
    scene.voice()
    scene.paused(reply_id)
    scene.wait(400)
    _sounds_like_us(scene)
    scene.partial("my own grandmother never came")
    assert scene.count(cmd.FlushPlayout) == 0
    scene.wait(250)
    scene.pause()
    scene.final("my own grandmother never came")
    assert scene.notes() == [("echo", "my own grandmother never came")]
    assert scene.conversation.state.echoes == 2
    assert scene.last(cmd.ResumePlayout) == cmd.ResumePlayout(reply_id=reply_id, rewind_ms=1000)


def test_a_caller_who_goes_on_when_we_are_silent_is_heard_after_all() -> None:
    scene, reply_id = speaking(heard_ms=1000)
    scene.voice()
    scene.paused(reply_id)
    scene.now_ms += 400
    _sounds_like_us(scene)
    scene.partial("but I would rather come")
    assert scene.count(cmd.FlushPlayout) == 0
    scene.now_ms += 500
    _sounds_like_us(scene, sure=True)
    assert scene.count(cmd.FlushPlayout) == 1
    assert scene.phase == "listening"


@pytest.mark.parametrize("early", [False, True])
def test_a_word_too_soft_to_be_a_voice_is_not_taken_for_the_echo_behind_it(early: bool) -> None:
    """The recogniser heard it before any voice began, and tells it together with our own words."""
    scene, _ = speaking(heard_ms=1000)
    if early:
        scene.partial("Wow")
    scene.voice()
    scene.wait(600)
    scene.pause()
    scene.final("Wow, we open at eight.")
    scene.wait(1500)
    notes = [c.kind for c in scene.commands if isinstance(c, cmd.NoteUtterance)]
    assert ("echo" not in notes) is early
    assert scene.count(cmd.CommitTurn) == 1 + early
