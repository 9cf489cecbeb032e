"""Keys as first-class input: collected until # or a pause, then a turn like any other."""

from __future__ import annotations

from antiphon.conversation import floor, turns
from antiphon.conversation.events import DtmfReceived
from antiphon.conversation.state import Phase, State

KEYS_MAX = 64


def key(state: State, event: DtmfReceived) -> None:
    """A pressed key is a decided act: it takes the floor at once."""
    if state.phase in (Phase.SPEAKING, Phase.THINKING, Phase.HOLDING):
        floor.drop_speech(state)
        state.phase = Phase.LISTENING
    turns.drop_draft(state)
    state.cancel_timer("silence", "hold")
    if event.digit == "#" and state.keys:
        if _speaks(state):
            # He speaks as well: answering now would be talking over him.
            state.set_timer("dtmf", state.now_ms + state.policy.turn.stop_silence_max_ms)
        else:
            entered(state)
        return
    state.keys = (state.keys + event.digit)[-KEYS_MAX:]
    state.set_timer("dtmf", state.now_ms + state.policy.turn.dtmf_gap_ms)


def gap_passed(state: State) -> None:
    """No key for a while; but who explains his number aloud has not finished either."""
    if _speaks(state):
        state.set_timer("dtmf", state.now_ms + state.policy.turn.dtmf_gap_ms)
        return
    entered(state)


def _speaks(state: State) -> bool:
    """A voice is on: just now, or with words. Long noise without any must not keep keys waiting."""
    since_ms = state.voiced_at_ms
    if since_ms is None:
        return False
    recent = state.now_ms - since_ms < state.policy.turn.dtmf_gap_ms
    return recent or (state.turn is not None and bool(state.turn.text()))


def entered(state: State) -> None:
    """The caller has finished typing."""
    keys = forget(state)
    if not keys:
        return
    spoken = ""
    if state.turn is not None:
        spoken = state.turn.text()
        turns.close(state, state.turn)
    if state.phase is not Phase.LISTENING:
        floor.drop_speech(state)
    text = f"{spoken} {keys}".strip()
    turns.take(state, text, state.now_ms)


def forget(state: State) -> str:
    """The keys pressed so far, as they stand in a turn; from now on there are none."""
    keys, state.keys = state.keys, ""
    state.cancel_timer("dtmf")
    return f"dtmf:{keys}" if keys else ""
