"""How long a pause may last: the score, the words, and what this caller has shown about his pauses."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, TurnPolicy, endpointing
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import PRESETS
from antiphon.conversation.state import Phase, State, Turn

EXPECTED = ("open", "yes_no", "name", "spelling", "digits", "date", "choice")
SPOKEN = "yes no um and my number is five double 0 s m-i-t-h the doctor please, let me see... bye".split()  # noqa: SIM905
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(SPOKEN),
        max_size=9,
    ).map(" ".join),
)


def _wait_ms(
    text: str,
    *,
    score: float | None = 0.5,
    policy: TurnPolicy = TurnPolicy(),  # noqa: B008 - frozen
    expects: str = "open",
    pace: float = 0.0,
    language: str = "en",
) -> int:
    state = State(policy=Policy(turn=policy, language=language), phase=Phase.LISTENING)
    state.expects, state.pace = expects, pace
    turn = Turn(onset_ms=0, ended_ms=900, voiced=False, segments={0: text}, score=score)
    return endpointing.wait_ms(state, turn)


@given(
    text=TEXTS,
    score=st.one_of(st.none(), st.floats(0, 1)),
    preset=st.sampled_from(sorted(PRESETS)),
    expects=st.sampled_from(EXPECTED),
    pace=st.floats(-1.6, 0.5),
    language=st.sampled_from(["en", "de-DE", "fr", "es", "ja"]),
)
def test_no_cue_leaves_the_bounds_of_the_policy(
    *, text: str, score: float | None, preset: str, expects: str, pace: float, language: str
) -> None:
    policy = PRESETS[preset]
    wait_ms = _wait_ms(text, score=score, policy=policy, expects=expects, pace=pace, language=language)
    assert policy.stop_silence_min_ms <= wait_ms <= policy.stop_silence_max_ms + policy.patience_ms


@given(text=TEXTS, low=st.floats(0, 1), high=st.floats(0, 1), expects=st.sampled_from(EXPECTED))
def test_the_surer_the_end_the_shorter_the_wait(text: str, low: float, high: float, expects: str) -> None:
    low, high = sorted((low, high))
    assert _wait_ms(text, score=high, expects=expects) <= _wait_ms(text, score=low, expects=expects)


def test_equal_steps_of_the_log_odds_lengthen_the_wait_by_equal_factors() -> None:
    odds = (2.1, 2.1 / 1.15, 2.1 / 1.15**2)
    waits = [_wait_ms("I need a doctor.", score=each / (1 + each)) for each in odds]
    assert waits[1] / waits[0] == pytest.approx(waits[2] / waits[1], rel=0.01)
    assert waits[0] < waits[1]


def test_equal_bounds_are_fixed_silence() -> None:
    fixed = TurnPolicy(stop_silence_min_ms=700, stop_silence_max_ms=700, patience_ms=0)
    assert {_wait_ms("I need a", score=score, policy=fixed) for score in (0.0, 0.5, 1.0)} == {700}


def test_a_final_that_comes_late_and_promises_more_ends_nothing() -> None:
    """Words that are still to come may change the wait, however whole the partial reads."""
    script = Script()
    script.greeted()
    script.voice()
    script.wait(1000)
    script.partial("I need a doctor.")
    script.pause()
    script.score(0.9)
    script.wait(500)
    script.final("I need a doctor and")
    assert script.count(cmd.CommitTurn) == 0
    script.wait(TurnPolicy().stop_silence_max_ms + TurnPolicy().patience_ms - 600 - 1)
    assert script.count(cmd.CommitTurn) == 0
    script.wait(1)
    assert script.last(cmd.CommitTurn).text == "I need a doctor and"


def _turn(script: Script, text: str, *, pauses_ms: tuple[int, ...] = ()) -> int:
    """Say it with these pauses in it; how long after the last word the turn was taken."""
    for pause_ms in pauses_ms:
        script.says(text, score=0.05)
        script.segment += 1
        script.wait(pause_ms)
    script.says(text, score=0.65)
    taken = script.count(cmd.CommitTurn)
    while script.count(cmd.CommitTurn) == taken:
        script.wait(10)
    delay_ms = script.now_ms - script.last(cmd.CommitTurn).ended_ms
    reply_id = script.last(cmd.StartReply).reply_id
    script.reply_text(reply_id, "All right.")
    script.audible(reply_id)
    script.now_ms += 3000
    script.heard_out(reply_id)
    script.segment += 1
    return delay_ms


def test_a_caller_who_pauses_long_gets_patience_that_fades() -> None:
    script = Script()
    script.greeted()
    first_ms = _turn(script, "I need a doctor.")
    _turn(script, "I need a doctor.", pauses_ms=(900, 900))
    patient_ms = _turn(script, "I need a doctor.")
    later_ms = [_turn(script, "I need a doctor.") for _ in range(12)]
    assert patient_ms > 1.5 * first_ms
    assert later_ms[0] <= patient_ms
    assert later_ms[-1] <= 1.1 * first_ms


def test_a_brisk_caller_is_answered_sooner_but_never_below_the_minimum() -> None:
    script = Script()
    script.greeted()
    delays_ms = [_turn(script, "I need a doctor.") for _ in range(8)]
    assert delays_ms[-1] < delays_ms[0]
    assert delays_ms[-1] >= TurnPolicy().stop_silence_min_ms


def test_who_is_answered_at_once_already_is_not_answered_sooner() -> None:
    script = Script(Policy(turn=PRESETS["snappy"]))
    script.greeted()
    delays_ms = {_turn(script, "I need a doctor.") for _ in range(8)}
    assert len(delays_ms) == 1 and script.conversation.state.pace == 0


def _taken(text: str = "I need a doctor.") -> Script:
    """A turn was taken 400 ms after its last word, and the reply is not there yet."""
    script = Script()
    script.greeted()
    script.says(text, score=0.9)
    script.wait(400)
    assert script.count(cmd.CommitTurn) == 1
    script.segment += 1
    return script


def test_a_caller_who_goes_on_right_after_we_took_his_turn_was_cut_off() -> None:
    script = _taken()
    before_ms = _wait_after(script)
    script.voice()
    script.wait(300)
    script.partial("for my back")
    assert script.conversation.state.pace < -0.5
    assert _wait_after(script) > 1.5 * before_ms, "already in this turn"


def test_who_goes_on_after_a_reply_without_words_is_given_time_at_once_too() -> None:
    script = _taken()
    script.reply_text(script.last(cmd.StartReply).reply_id)
    assert script.phase == "listening"
    before_ms = _wait_after(script)
    script.voice()
    script.wait(300)
    script.partial("mm-hm")
    assert _wait_after(script) == before_ms
    script.partial("mm-hm for my back")
    assert _wait_after(script) > 1.5 * before_ms


def _sounds(script: Script, heard: str, *, duration_ms: int) -> None:
    script.voice()
    script.wait(duration_ms)
    script.pause()
    script.wait(60)
    script.final(heard)


def _wait_after(script: Script) -> int:
    return endpointing.wait_ms(script.conversation.state, Turn(onset_ms=0, ended_ms=0, score=0.65))


@pytest.mark.parametrize("heard", ["", "mm-hm"], ids=["cough", "nod"])
def test_a_noisy_line_makes_no_answer_slower(heard: str) -> None:
    script = _taken()
    for turn in range(5):
        pace = script.conversation.state.pace
        _sounds(script, heard, duration_ms=300)
        script.wait(1000)
        assert script.conversation.state.pace == pace, "neither slower nor quicker"
        reply_id = script.last(cmd.StartReply).reply_id
        script.reply_text(reply_id, "All right.")
        script.audible(reply_id)
        script.now_ms += 3000
        script.heard_out(reply_id)
        script.segment += 1
        script.says("I need a doctor.", score=0.9)
        script.wait(400)
        assert script.count(cmd.CommitTurn) == turn + 2
        script.segment += 1
    assert script.conversation.state.pace > 0


def test_an_echo_of_a_quick_answer_makes_the_next_no_slower() -> None:
    script = _taken()
    pace = script.conversation.state.pace
    reply_id = script.last(cmd.StartReply).reply_id
    script.reply_text(reply_id, "Maple Street it is, at nine on Thursday.")
    script.audible(reply_id)
    script.wait(800)
    script.step(ev.PlayoutMark(at_ms=script.now_ms, reply_id=reply_id, heard_ms=800))
    _sounds(script, "maple street", duration_ms=600)
    script.wait(1000)
    assert "echo" in {note.kind for note in script.commands if isinstance(note, cmd.NoteUtterance)}
    assert script.conversation.state.pace == pace


def test_whoever_coughs_and_then_goes_on_was_cut_off_all_the_same() -> None:
    script = _taken()
    _sounds(script, "", duration_ms=200)
    script.segment += 1
    script.voice()
    script.wait(300)
    script.partial("for my back")
    assert script.conversation.state.pace < -0.5


def test_a_cough_after_a_cough_is_no_cut_off_turn() -> None:
    """The first was taken for a turn, and had no words."""
    script = Script()
    script.greeted()
    script.says("", duration_ms=300)
    script.wait(1000)
    assert script.phase == "listening" and script.conversation.state.turn is None
    script.says("I need a doctor.")
    assert script.conversation.state.pace == 0


def test_a_cough_in_a_pause_says_nothing_about_the_caller() -> None:
    script = Script()
    script.greeted()
    script.says("I was there", score=0.02)
    script.segment += 1
    script.wait(900)
    script.says("", score=0.99, duration_ms=200)
    script.wait(3000)
    assert script.count(cmd.CommitTurn) == 1
    assert script.conversation.state.pace >= 0


def test_whom_the_model_hears_by_itself_is_known_by_the_length_of_his_voice() -> None:
    for voice_ms, pauses_long in ((300, False), (1200, True)):
        script = Script(Policy(unified=True))
        script.greeted()
        script.voice()
        script.wait(1000)
        script.pause()
        script.score(0.02)
        script.wait(900)
        script.voice()
        script.wait(voice_ms)
        script.pause()
        assert (script.conversation.state.pace < 0) is pauses_long


def test_a_caller_who_speaks_long_after_his_turn_was_not_cut_off() -> None:
    script = Script()
    script.greeted()
    _turn(script, "I need a doctor.")
    script.wait(2000)
    before = script.conversation.state.pace
    script.voice()
    assert script.conversation.state.pace == before


def test_pauses_inside_a_number_say_nothing_about_the_caller() -> None:
    script = Script()
    script.greeted(expects="digits")
    script.says("5 5 5", score=0.5)
    script.wait(1500)
    script.voice()
    assert script.conversation.state.pace == 0


NOTHING_TO_DICTATE = (
    ("en", "I don't know."),
    ("en", "Sorry, I don't have it with me."),
    ("en", "I can't find it right now"),
    ("en", "No."),
    ("es", "No lo sé."),
    ("es", "No lo tengo a mano."),
    ("es", "Ni idea."),
    ("fr", "Je ne sais pas."),
    ("fr", "Je ne l'ai pas sur moi."),
    ("fr", "Je ne m'en souviens plus."),
    ("de", "Das weiß ich nicht."),
    ("de-AT", "Die habe ich gerade nicht."),
    ("de", "Ich habe keine."),
)


@pytest.mark.parametrize(("language", "text"), NOTHING_TO_DICTATE)
@pytest.mark.parametrize("expects", ["digits", "spelling"])
def test_who_has_no_number_to_dictate_is_answered_without_waiting_for_it(
    expects: str, language: str, text: str
) -> None:
    waits_ms = [_wait_ms(text, score=score, expects=expects, language=language) for score in (0.95, 0.02)]
    assert waits_ms[0] == TurnPolicy().stop_silence_min_ms
    assert waits_ms[1] < 600, "as for any whole answer of the kind asked for"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I don't know, it's five five"),
        ("en", "I don't have it as one number, it is"),
        ("en", "I don't know, um"),
        ("en", "yes"),
        ("es", "no sé, seis cinco"),
        ("fr", "plus"),
        ("fr", "je ne sais pas, zéro six"),
        ("de", "nicht ganz, null sieben"),
    ],
)
def test_who_begins_his_number_is_waited_for_however_it_begins(language: str, text: str) -> None:
    waits_ms = {_wait_ms(text, score=score, expects="digits", language=language) for score in (0.95, 0.02)}
    assert waits_ms == {TurnPolicy().stop_silence_max_ms + TurnPolicy().patience_ms}


def test_learning_can_be_switched_off() -> None:
    script = Script(Policy(turn=msgspec.structs.replace(TurnPolicy(), adapt=False)))
    script.greeted()
    _turn(script, "I need a doctor.", pauses_ms=(900, 900))
    assert script.conversation.state.pace == 0


def test_letters_are_waited_for_however_complete_they_sound() -> None:
    for score in (0.02, 0.99):
        assert _delay_of("S M I T H", score=score) >= TurnPolicy().stop_silence_max_ms


def test_where_both_scores_are_one_the_wait_is_the_shortest_or_the_longest() -> None:
    turn = TurnPolicy(score_complete=0.6, score_incomplete=0.6, adapt=False)
    low, high = turn.stop_silence_min_ms, turn.stop_silence_max_ms
    for score, wait_ms in ((0.7, low), (0.6, low), (0.59, high)):
        assert wait_ms <= _delay_of("I was there on a Tuesday", score=score, turn=turn) <= wait_ms + 10


def test_who_asked_for_a_moment_does_not_show_how_long_he_pauses() -> None:
    script = Script()
    script.greeted()
    script.says("One second please.")
    while not script.count(cmd.CommitTurn):
        script.wait(10)
    reply = script.last(cmd.StartReply)
    script.reply_text(reply.reply_id, "Of course.")
    script.audible(reply.reply_id)
    script.now_ms += 600
    script.heard_out(reply.reply_id)
    assert script.conversation.state.on_hold
    script.voice()
    script.wait(300)
    script.pause()
    script.wait(1000)
    pace = script.conversation.state.pace
    script.voice()
    assert script.conversation.state.pace == pace


def _delay_of(text: str, *, score: float, turn: TurnPolicy | None = None) -> int:
    script = Script(Policy(turn=turn or TurnPolicy()))
    script.greeted()
    script.says(text, score=score)
    while not script.count(cmd.CommitTurn):
        script.wait(10)
    return script.now_ms - script.last(cmd.CommitTurn).ended_ms


def test_the_same_voice_told_of_twice_is_no_pause() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(2000)
    script.voice()
    assert script.conversation.state.pace == 0.0


def test_a_pause_over_the_agents_words_says_nothing_about_the_caller() -> None:
    script = Script()
    script.reply_text("r1", "Hello, this is the clinic at Maple Street, how can I help you today?")
    script.audible("r1")
    script.wait(300)
    script.voice()
    script.wait(300)
    script.pause()
    script.wait(1200)
    script.voice()
    assert script.conversation.state.pace == 0.0


def test_a_turn_with_a_long_pause_in_it_lets_no_patience_fade() -> None:
    script = Script()
    script.greeted()
    script.says("I was there", score=0.02)
    script.segment += 1
    script.wait(900)
    script.says("on a Tuesday", score=0.99)
    assert script.conversation.state.pace < 0
    pace = script.conversation.state.pace
    script.wait(3000)
    assert script.count(cmd.CommitTurn) == 1
    assert script.conversation.state.pace == pace
