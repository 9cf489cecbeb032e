"""What the reply's author makes of the words shortens the wait, within bounds."""

from __future__ import annotations

from tests.unit.conversation.script import Script

from antiphon.conversation import TurnPolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev

MIN_MS = TurnPolicy().stop_silence_min_ms
MAX_MS = TurnPolicy().stop_silence_max_ms
UNDERSTOOD_MS = round(MIN_MS * (MAX_MS / MIN_MS) ** (2 / 3))


def _delay_ms(script: Script) -> int:
    for _ in range(400):
        if script.count(cmd.CommitTurn):
            break
        script.wait(10)
    return script.now_ms - script.last(cmd.CommitTurn).ended_ms


def _said(text: str, *, score: float = 0.02, expects: str = "", urgent: bool | None = None) -> Script:
    """The caller pauses after these words; None leaves them not understood."""
    script = Script()
    script.greeted(expects=expects)
    script.says(text, score=score)
    if urgent is not None:
        _understood(script, script.last(cmd.StartReply).reply_id, urgent=urgent)
    return script


def _understood(script: Script, reply_id: str, *, urgent: bool = False) -> None:
    script.step(ev.TurnUnderstood(at_ms=script.now_ms, reply_id=reply_id, urgent=urgent))


def test_words_that_can_be_acted_on_do_not_wait_for_the_maximum() -> None:
    text = "I'd like to make an appointment."
    assert _delay_ms(_said(text)) >= MAX_MS
    assert UNDERSTOOD_MS <= _delay_ms(_said(text, urgent=False)) <= UNDERSTOOD_MS + 10


def test_what_would_be_taken_sooner_anyway_is_not_delayed() -> None:
    assert _delay_ms(_said("I'd like to make an appointment.", score=0.95, urgent=False)) <= MIN_MS + 10


def test_a_dangling_word_promises_more_whatever_was_understood() -> None:
    assert _delay_ms(_said("I'd like to make an appointment for", urgent=False)) > MAX_MS


def test_an_emergency_waits_for_nothing() -> None:
    for text in ("My husband just collapsed.", "My husband just collapsed and he's"):
        assert _delay_ms(_said(text, urgent=True)) <= MIN_MS + 10


def test_an_emergency_understood_late_is_taken_at_once() -> None:
    script = _said("My husband just collapsed.")
    draft = script.last(cmd.StartReply)
    script.wait(500)
    assert not script.count(cmd.CommitTurn)
    _understood(script, draft.reply_id, urgent=True)
    assert script.count(cmd.CommitTurn) == 1


def test_understanding_ends_with_the_words_it_was_of() -> None:
    script = _said("I'd like to make an appointment.", urgent=True)
    turn = script.conversation.state.turn
    assert turn is not None and turn.urgent
    script.voice()
    assert not turn.understood and not turn.urgent
    script.now_ms += 400
    script.pause()
    script.now_ms += 60
    script.final("I'd like to make an appointment. Maybe on the tenth.")
    script.score(0.02)
    assert _delay_ms(script) >= MAX_MS


def test_the_author_of_another_reply_is_not_asked() -> None:
    script = _said("I'd like to make an appointment.")
    _understood(script, "r1", urgent=True)
    assert _delay_ms(script) >= MAX_MS


def test_what_is_understood_too_late_ends_no_turn() -> None:
    script = _said("I'd like to make an appointment.")
    draft = script.last(cmd.StartReply).reply_id
    script.voice()  # The draft is given up with the pause.
    _understood(script, draft, urgent=True)
    script.now_ms += 400
    script.pause()
    script.wait(MIN_MS)
    assert script.count(cmd.CommitTurn) == 0
    script.final("I'd like to make an appointment. Maybe on the tenth.")
    script.wait(2 * MAX_MS)
    assert script.count(cmd.CommitTurn) == 1
    _understood(script, draft, urgent=True)
    assert script.count(cmd.CommitTurn) == 1
