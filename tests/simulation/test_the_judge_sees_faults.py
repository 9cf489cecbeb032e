"""Each fault is put into the core on purpose; the random calls must notice it. A judge that sees nothing
wrong with a broken core proves nothing about a whole one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from antiphon.conversation import conversation, ending, floor, heard, replies, silence, tools, turns
from antiphon.conversation import events as ev
from antiphon.conversation.commands import RunTool
from antiphon.conversation.state import Phase, State
from tests.simulation.judge import violations
from tests.simulation.run import simulate

SEEDS = range(250)


def _fillers_over_replies(patch: pytest.MonkeyPatch) -> None:
    def play(state: State) -> None:
        filler, state.filler = state.filler, None
        _play_if_ready(state)
        state.filler = filler

    patch.setattr(replies, "play_if_ready", play)


def _flushed_reply_stays_current(patch: pytest.MonkeyPatch) -> None:
    def drop(state: State) -> None:
        kept = state.reply
        _drop_speech(state)
        state.reply = kept

    patch.setattr(floor, "drop_speech", drop)


def _reports_everything_as_heard(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        heard, "heard_text", lambda chunks, heard_ms: " ".join(c.text for c in chunks if not c.failed)
    )


def _hold_has_no_bound(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(conversation._TIMERS, "hold", lambda state: None)


def _reply_deadline_does_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(conversation._TIMERS, "reply_deadline", lambda state: None)


def _caller_silence_is_not_noticed(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(conversation._TIMERS, "silence", lambda state: None)


def _missing_final_is_waited_for(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(conversation._TIMERS, "final_wait", lambda state: None)


def _effects_are_not_remembered(patch: pytest.MonkeyPatch) -> None:
    def run(state: State, reply: object, tool: tools.HeldTool) -> None:
        key = tools.intent_key(state, tool.name, tool.arguments)
        for _ in range(2):
            state.emit(
                RunTool(
                    tool_call_id=tool.tool_call_id,
                    name=tool.name,
                    arguments=tool.arguments,
                    idempotency_key=key,
                )
            )

    patch.setattr(tools, "_run_effect", run)


def _words_over_the_agent_are_dropped(patch: pytest.MonkeyPatch) -> None:
    def judge(state: State, turn: object) -> None:
        turns.close(state, turn)  # type: ignore[arg-type]
        floor.go_on(state)

    patch.setattr(floor, "judge", judge)


def _finals_are_used_twice(patch: pytest.MonkeyPatch) -> None:
    def close(state: State, turn: object) -> None:
        settled = state.settled_segment
        _close(state, turn)  # type: ignore[arg-type]
        state.settled_segment = settled

    patch.setattr(turns, "close", close)


def _ends_forget_what_was_said(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ending, "_report", lambda state, reply_id, text: None)


def _drafts_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    def drop(state: State) -> None:
        state.draft = None

    patch.setattr(turns, "drop_draft", drop)


def _stale_replies_are_spoken(patch: pytest.MonkeyPatch) -> None:
    def finished(state: State, event: ev.PlayoutFinished) -> None:
        if state.phase is not Phase.ENDED and state.reply is not None:
            replies._ended(state, state.reply, complete=True)

    patch.setitem(conversation._HANDLERS, ev.PlayoutFinished, finished)


def _goodbye_is_said_for_ever(patch: pytest.MonkeyPatch) -> None:
    def say(state: State, *, reason: str) -> None:
        replies.start(state, kind="reprompt", attempt=1)

    patch.setattr(silence, "say_goodbye", say)


_play_if_ready = replies.play_if_ready
_drop_speech = floor.drop_speech
_close = turns.close

FAULTS: list[Callable[[pytest.MonkeyPatch], None]] = [
    _fillers_over_replies,
    _flushed_reply_stays_current,
    _reports_everything_as_heard,
    _hold_has_no_bound,
    _reply_deadline_does_nothing,
    _caller_silence_is_not_noticed,
    _missing_final_is_waited_for,
    _effects_are_not_remembered,
    _words_over_the_agent_are_dropped,
    _finals_are_used_twice,
    _ends_forget_what_was_said,
    _drafts_are_forgotten,
    _stale_replies_are_spoken,
    _goodbye_is_said_for_ever,
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.strip("_"))
def test_a_fault_in_the_core_is_noticed(
    fault: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(monkeypatch)
    for seed in SEEDS:
        try:
            found = violations(simulate(seed))
        except AssertionError:
            return  # The core's own invariants noticed first.
        if found:
            return
    pytest.fail(f"{len(SEEDS)} random calls saw nothing wrong")
