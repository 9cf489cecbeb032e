"""Voices over the agent's that are none: its own come back, and hums misread as words."""

from __future__ import annotations

import pytest

from antiphon.conversation import Policy, conversation, echo, floor, turns
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.state import State
from tests.golden.telling import Answer, Story, Told, spoken

HOURS = "What are your opening hours?"
SAID = "We are open from eight to five. On Fridays we close at noon."
OPEN = Answer(chunks=tuple(SAID.replace(". On", ".|On").split("|")))


def _speaking(call: Story, heard_ms: int) -> None:
    call.answers(HOURS, OPEN)
    call.greeted()
    call.says(HOURS)
    call.hears("r2", heard_ms)


def _the_loudspeaker_gives_it_back(call: Story) -> None:
    _speaking(call, 1200)
    call.gives_back("open from ate")
    call.runs(6000)
    call.hangs_up()


def _is_given_back_as_other_words(call: Story) -> None:
    """Known by its sound alone: the media plane says so before the words come."""
    _speaking(call, 1200)
    call.happens(ev.VoiceWeighed(at_ms=call.world.now_ms, sure=False, echo=True))
    call.gives_back("hope and prayed")
    call.runs(6000)
    call.hangs_up()


def _hums(call: Story) -> None:
    """The recogniser reads words into it, and hardly believes them."""
    _speaking(call, 1200)
    call.coughs(450)
    call.runs(110)
    segment = call.world.recogniser.segment
    misread = ev.TranscriptFinal(at_ms=call.world.now_ms, segment=segment, text="Bye.", confidence=0.34)
    call.happens(misread)
    call.runs(6000)
    call.hangs_up()


def _goes_on(kind: str, words: str, told: Told, *, after_a_gap: bool = False) -> None:
    assert told.heard("r2") == SAID
    assert [(note.kind, note.text) for _, note in told.commands(cmd.NoteUtterance)] == [(kind, words)]
    [(resumed_ms, resume)] = told.commands(cmd.ResumePlayout)
    paused_ms = next(at_ms for at_ms, pause in told.commands(cmd.PausePlayout) if pause.reply_id == "r2")
    assert (resumed_ms - paused_ms > Policy().turn.rewind_after_ms) is after_a_gap
    assert (resume.rewind_ms > 0) is after_a_gap, "at the sample, or at the clause where there was a gap"


def _coughs_and_speaks(call: Story) -> None:
    """The final of the cough comes late, when the first word is known already."""
    call.answers("Wednesday not then please", Answer(chunks=("I see.",)))
    _speaking(call, 1200)
    call.coughs(120)
    call.runs(40)
    call.says("Wednesday not then please", waits_ms=3000)
    call.hangs_up()


def _says_what_was_just_said(call: Story) -> None:
    """A question in our own words: until its end it might be our echo, but that would have ended with us."""
    _speaking(call, 1500)
    call.says("From eight to five even on a Sunday?", waits_ms=3000)
    call.hangs_up()


def _is_heard_out_and_answered(told: Told) -> None:
    _is_not_heard_again(told)
    turns_taken = [command.text for _, command in told.commands(cmd.CommitTurn)]
    assert turns_taken == [HOURS, "From eight to five even on a Sunday?"]


def _is_not_heard_again(told: Told) -> None:
    flushed_ms, flush = told.only(cmd.FlushPlayout)
    paused_ms = next(at_ms for at_ms, pause in told.commands(cmd.PausePlayout) if pause.reply_id == "r2")
    sounded = told.facts["sounded"]
    assert isinstance(sounded, list) and flush.reply_id == "r2"
    last_ms = max(end_ms for _, end_ms, reply_id in sounded if reply_id == "r2")
    assert last_ms <= paused_ms, f"heard until {last_ms}, held at {paused_ms}, cut at {flushed_ms} ms"


def _echoes_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(echo, "without", lambda text, ours, *, in_parts=False: text)


def _only_words_tell_an_echo(patch: pytest.MonkeyPatch) -> None:
    def deaf(state: State, event: ev.VoiceWeighed) -> None: ...

    patch.setitem(conversation._HANDLERS, ev.VoiceWeighed, deaf)


def _every_word_is_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(floor, "_hum_misheard", lambda state, turn: False)


def _older_finals_take_words_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(turns, "_knows_less", lambda turn, event: False)


def _doubt_ends_with_the_hold(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(floor, "_seems_ours", lambda state, turn: False)


SYMPTOMS = [
    spoken(
        "agent_interrupts_itself_on_a_speakerphone", "P8",
        story=_the_loudspeaker_gives_it_back,
        absent=lambda told: _goes_on("echo", "open from ate", told, after_a_gap=True),
        fault=_echoes_are_not_compared,
    ),
    spoken(
        "agent_answers_its_own_misheard_voice", "P8",
        story=_is_given_back_as_other_words,
        absent=lambda told: _goes_on("echo", "hope and prayed", told, after_a_gap=True),
        fault=_only_words_tell_an_echo,
    ),
    spoken(
        "hum_costs_the_sentence", "P8",
        story=_hums, absent=lambda told: _goes_on("noise", "Bye.", told), fault=_every_word_is_believed,
    ),
    spoken(
        "agent_talks_on_after_a_cough_and_a_word", "P4",
        story=_coughs_and_speaks, absent=_is_not_heard_again, fault=_older_finals_take_words_back,
        made={("final delay", 1): 4},
    ),
    spoken(
        "agent_talks_again_into_the_callers_question", "I1", "P8",
        story=_says_what_was_just_said, absent=_is_heard_out_and_answered, fault=_doubt_ends_with_the_hold,
    ),
]  # fmt: skip
