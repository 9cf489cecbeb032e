"""Calls that a model which hears and speaks by itself drives: turns are taken by their sound. What the caller
said is told later, out of step with the turns, or never.

Words that do come in time decide as they do elsewhere. When the session is lost, the call goes on as any.
"""

from __future__ import annotations

import msgspec

from antiphon.conversation import (
    echoes,
    ending,
    endpointing,
    rehearing,
    replies,
    silence,
    turns,
    vendor_turns,
    words,
)
from antiphon.conversation.commands import AmendTurn
from antiphon.conversation.events import ReplyOverruled, SessionLost, TranscriptFinal
from antiphon.conversation.state import Phase, State, Turn

# Words of a turn that have not come by then, when another was taken since, are lost with the vendor.
NEVER_MS = 5_000


def voice_takes_floor(state: State, turn: Turn) -> bool:
    """Is this voice long enough to be more than a listening noise? Where our own voice comes back to us, no
    length proves anything."""
    if not state.unified or echoes.needs_words(state):
        return False
    until_ms = state.now_ms if turn.voiced else turn.ended_ms
    return until_ms - turn.onset_ms >= state.policy.turn.voice_takes_floor_ms


def hold_due_ms(state: State) -> int:
    """When a voice over ours is judged."""
    turn, policy = state.turn, state.policy.turn
    if not state.unified or turn is None:
        return state.now_ms + policy.hold_ms
    return turn.onset_ms + policy.voice_takes_floor_ms


def taken(state: State, text: str) -> None:
    """A turn was taken, with words or without."""
    state.let_pass = False
    if state.unified and not text:
        state.owed[state.turns] = state.now_ms


def words_came(state: State, event: TranscriptFinal) -> bool:
    """Do these words belong to a turn that was taken already? Vendors tell of turns in their order: they are
    of the oldest that has none, or more of the last one's, unless a voice over ours was let pass since."""
    if not state.unified or not event.text or event.segment <= state.settled_segment:
        return False
    turn = _owed(state)
    if turn is None and state.turns > 0 and not state.let_pass and _too_early_for_the_next(state, event):
        turn = state.turns
    if turn is None:
        return False
    state.settled_segment = event.segment
    state.owed.pop(turn, None)
    if turn == state.turns:
        state.on_hold = words.asks_to_wait(event.text, state.policy, state.question)
    state.emit(AmendTurn(turn=turn, text=event.text))
    return True


def _owed(state: State) -> int | None:
    """The oldest turn whose words are still to come; those of an older one than the last may never come."""
    for turn, taken_ms in list(state.owed.items()):
        if turn == state.turns or state.now_ms - taken_ms <= NEVER_MS:
            return turn
        del state.owed[turn]
    return None


def _too_early_for_the_next(state: State, event: TranscriptFinal) -> bool:
    """Nobody is done so soon with the words of a voice that has only just begun, and was not read along."""
    turn = state.turn
    if turn is None:
        return True
    if not turn.voiced or turn.in_parts or turn.rest or event.segment in turn.partials:
        return False
    return state.now_ms - turn.voiced_at_ms < vendor_turns.UNHEARD_MS


def heard_by_vendor_only(turn: Turn) -> bool:
    """Our own ears have noticed nothing of it."""
    return not turn.voiced and not turn.voiced_at_ms and not turn.raw_text()


def vendor_hears(state: State) -> None:
    """The vendor hears a caller whom we do not, or not yet: his turn begins."""
    if state.unified and state.phase is Phase.LISTENING and not state.voiced:
        state.turn = Turn(onset_ms=state.now_ms, ended_ms=state.now_ms, voiced=False, claimed=True)
        state.cancel_timer("silence")
        vendor_turns.watch(state)


def vendor_was_wrong(state: State, turn: Turn) -> bool:
    """The vendor does not come back to a turn that only it has heard: it may take its time, but not for
    ever."""
    if not state.unified or turn.overdue or not heard_by_vendor_only(turn):
        return False
    if state.now_ms - turn.onset_ms < state.policy.silence.noise_ms:
        vendor_turns.watch(state)
        return True
    turns.close(state, turn)
    silence.wait_for_caller(state)
    return True


def session_lost(state: State, event: SessionLost) -> None:
    """From here on a recogniser hears the caller, beginning with the turn that is open."""
    if not state.unified:
        return
    state.unified = state.let_pass = False
    state.owed.clear()
    state.vendor_silent = True  # Whoever hears him now may end turns too; it shows by doing so.
    state.settled_segment = -1  # They are counted anew.
    if event.half_heard is not msgspec.UNSET:
        rehearing.begin(state, event.half_heard)
    turn = state.turn
    if turn is None:
        return
    # What is certain stays, before anything that is still to come.
    known = [turn.segments[segment] for segment in sorted(turn.segments)]
    turn.segments = {index - len(known): text for index, text in enumerate(known)}
    turn.partials.clear()
    if turn.voiced:
        return
    turns.ask(state, turn)
    if state.phase is Phase.LISTENING:
        state.set_timer("stop_silence", turn.ended_ms + endpointing.wait_ms(state, turn))


def overruled(state: State, event: ReplyOverruled) -> None:
    """The caller's words, once known, want another answer than what is being prepared or said."""
    if state.phase is Phase.IDLE or state.leaving not in ("", "silence"):
        return
    ending.give_up_speech(state)
    if state.turn is not None:
        turns.close(state, state.turn)  # He is to be answered now, not heard out.
    replies.start(state, kind="turn", text=event.text, reason="overruled")
