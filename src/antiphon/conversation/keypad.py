"""Keys as first-class input: collected until # or a pause, then a turn like any other."""

from __future__ import annotations

from antiphon.conversation import floor, turns
from antiphon.conversation.events import DtmfReceived
from antiphon.conversation.state import Phase, State

KEYS_MAX = 64


def key(state: State, event: DtmfReceived) -> None:
    """A pressed key is a decided act: it takes the floor at once."""
    if floor.protected(state):
        state.keys = (state.keys + event.digit)[-KEYS_MAX:]
        state.set_timer("dtmf", state.now_ms + state.policy.turn.dtmf_gap_ms)
        return
    if state.phase in (Phase.SPEAKING, Phase.THINKING, Phase.HOLDING):
        floor.drop_speech(state)
        state.phase = Phase.LISTENING
    turns.drop_draft(state)
    state.cancel_timer("silence", "hold")
    if event.digit == "#" and state.keys:
        entered(state)
        return
    state.keys = (state.keys + event.digit)[-KEYS_MAX:]
    state.set_timer("dtmf", state.now_ms + state.policy.turn.dtmf_gap_ms)


def entered(state: State) -> None:
    """The caller has finished typing."""
    if floor.protected(state):
        state.set_timer("dtmf", state.now_ms + state.policy.turn.dtmf_gap_ms)
        return
    keys, state.keys = state.keys, ""
    state.cancel_timer("dtmf")
    if not keys:
        return
    spoken = ""
    if state.turn is not None:
        spoken = state.turn.text()
        turns.close(state, state.turn)
    if state.phase is not Phase.LISTENING:
        floor.drop_speech(state)
    text = f"{spoken} dtmf:{keys}".strip()
    turns.take(state, text, state.now_ms)
