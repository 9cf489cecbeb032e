"""A reply may be begun on a partial that has stopped changing, and leaves no trace when it was wrong."""

from __future__ import annotations

import msgspec
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, TurnPolicy
from antiphon.conversation import commands as cmd

STABLE_MS = TurnPolicy().stable_partial_ms
WORDS = "I need to see a doctor"


def _paused(partial: str = WORDS, policy: Policy | None = None) -> Script:
    script = Script(policy)
    script.greeted()
    script.voice()
    script.now_ms += 1000
    script.partial(partial)
    script.now_ms += 200
    script.pause()
    return script


def _drafts(script: Script) -> list[cmd.StartReply]:
    return [c for c in script.commands if isinstance(c, cmd.StartReply) and c.speculative]


def test_a_slow_final_is_not_waited_for_before_the_reply_is_begun() -> None:
    script = _paused()
    script.wait(STABLE_MS - 100)
    (draft,) = _drafts(script)
    assert draft.text == WORDS
    script.wait(500)
    script.final(f"{WORDS}.")
    script.wait(500)
    assert script.last(cmd.ConfirmReply).reply_id == draft.reply_id
    assert len(_drafts(script)) == 1


def test_a_final_in_other_words_discards_the_draft_and_begins_another() -> None:
    script = _paused()
    script.wait(STABLE_MS)
    script.final("I need to see the doctor on Friday.")
    first, second = _drafts(script)
    assert script.last(cmd.CancelReply).reply_id == first.reply_id
    assert second.text == "I need to see the doctor on Friday."
    script.wait(900)
    assert script.last(cmd.ConfirmReply).reply_id == second.reply_id
    assert script.count(cmd.ConfirmReply) == 1


def test_a_final_in_time_makes_the_only_draft() -> None:
    """The embedded recogniser's: no draft is begun twice."""
    script = _paused()
    script.wait(150)
    script.final(f"{WORDS}.")
    script.wait(100)
    assert len(_drafts(script)) == 1 and script.count(cmd.CancelReply) == 0


def test_a_partial_that_still_changes_is_not_stable() -> None:
    script = _paused("I need")
    for text in ("I need to see", "I need to see a", WORDS):
        script.wait(STABLE_MS - 150)
        script.partial(text)
    assert _drafts(script) == []
    script.wait(STABLE_MS)
    assert [draft.text for draft in _drafts(script)] == [WORDS]


def test_a_partial_that_changes_after_the_draft_discards_it() -> None:
    script = _paused()
    script.wait(STABLE_MS)
    (draft,) = _drafts(script)
    script.partial("I need to see a doctor on Friday")
    assert script.last(cmd.CancelReply).reply_id == draft.reply_id


def test_a_partial_that_promises_more_is_not_worth_a_draft() -> None:
    script = _paused("I need to see a doctor and")
    script.wait(2 * STABLE_MS)
    assert _drafts(script) == []


def test_while_the_caller_speaks_nothing_is_begun() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.partial(WORDS)
    script.wait(3000)
    assert _drafts(script) == []


def test_who_goes_on_speaking_discards_the_draft() -> None:
    script = _paused()
    script.wait(STABLE_MS)
    (draft,) = _drafts(script)
    script.voice()
    assert script.last(cmd.CancelReply).reply_id == draft.reply_id


def test_without_speculation_a_stable_partial_is_nothing() -> None:
    script = _paused(policy=Policy(turn=msgspec.structs.replace(TurnPolicy(), speculate=False)))
    script.wait(2 * STABLE_MS)
    assert _drafts(script) == [] and "stable_partial" not in script.conversation.state.timers


def test_the_draft_is_confirmed_by_the_partial_when_no_final_ever_comes() -> None:
    script = _paused()
    script.wait(1300 + 600 + 1500)
    assert script.last(cmd.CommitTurn).text == WORDS
    assert script.last(cmd.ConfirmReply).reply_id == _drafts(script)[0].reply_id


def _taken_back(script: Script) -> Script:
    script.wait(200)
    script.partial("")
    return script


def test_whose_words_the_recogniser_takes_back_is_asked_to_say_them_again_soon() -> None:
    script = _taken_back(_paused())
    script.wait(TurnPolicy().stop_silence_max_ms + TurnPolicy().final_wait_ms)
    assert script.phase == "thinking" and script.count(cmd.CommitTurn) == 0
    assert script.last(cmd.Synthesize).text == Policy().trouble
    (note,) = [c for c in script.commands if isinstance(c, cmd.NoteUtterance)]
    assert (note.kind, note.text) == ("lost", WORDS)


def test_a_final_that_confirms_that_there_were_no_words_asks_nobody() -> None:
    script = _taken_back(_paused())
    script.final("")
    script.wait(3000)
    assert script.phase == "listening" and script.conversation.state.turn is None
    (note,) = [c for c in script.commands if isinstance(c, cmd.NoteUtterance)]
    assert note.kind == "noise"


def test_words_taken_back_and_given_again_are_answered() -> None:
    script = _taken_back(_paused())
    script.wait(200)
    script.partial(WORDS)
    script.wait(4000)
    assert script.last(cmd.CommitTurn).text == WORDS


def test_a_cough_that_read_as_words_for_a_moment_needs_no_apology() -> None:
    script = Script()
    script.greeted()
    script.voice()
    script.wait(250)
    script.partial("hello")
    script.wait(100)
    script.partial("")
    script.pause()
    script.wait(3500)
    assert script.phase == "listening" and script.conversation.state.turn is None
