"""The pauses of a recording as the core hears them: heard once, decided on as often as one likes.

A sweep over policies needs no ears. What it leaves out: after a turn was taken too early the recogniser
begins a new segment, so the words of a later pause may differ. On the single turns of the folder `snappy` and
`balanced` come to the same cut-offs and delays as whole runs of the core, `patient` to within 1 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from antiphon.conversation import endpointing
from antiphon.conversation import events as ev
from antiphon.conversation.policy import Policy, TurnPolicy
from antiphon.conversation.state import State, Turn
from antiphon.quality.turns.judge import Pause

# Hears everything and takes no turn before the line is closed.
NEVER = TurnPolicy(stop_silence_min_ms=600_000, stop_silence_max_ms=600_000, adapt=False, speculate=False)


class HeardPause(msgspec.Struct, frozen=True, kw_only=True):
    """One pause. `noticed_ms`: when the line told of it; `resumed_ms`: when it told that speech went on (None
    is never); `final_ms`: when the words were certain (None: they never were)."""

    ended_ms: int
    noticed_ms: int
    resumed_ms: int | None = None
    score: float | None = None
    final_ms: int | None = None
    text: str = ""


def heard_pauses(events: Iterable[ev.AnyEvent]) -> list[HeardPause]:
    """The pauses of one call, from its events."""
    pauses: list[HeardPause] = []
    for event in events:
        match event:
            case ev.SpeechStopped():
                pauses.append(HeardPause(ended_ms=event.ended_ms, noticed_ms=event.at_ms))
            case ev.SpeechStarted() if pauses and pauses[-1].resumed_ms is None:
                pauses[-1] = msgspec.structs.replace(pauses[-1], resumed_ms=event.at_ms)
            case ev.EndOfTurnScored() if pauses and event.ended_ms == pauses[-1].ended_ms:
                pauses[-1] = msgspec.structs.replace(pauses[-1], score=event.score)
            case ev.TranscriptFinal() if pauses and pauses[-1].final_ms is None:
                pauses[-1] = msgspec.structs.replace(pauses[-1], final_ms=event.at_ms, text=event.text)
    return pauses


def without_words(pause: Pause, score: float, words_ms: int) -> HeardPause:
    """A pause whose words say nothing. They are waited for all the same, as `taken_by_rule` does."""
    return HeardPause(
        ended_ms=pause.ended_ms,
        noticed_ms=pause.noticed_ms,
        resumed_ms=pause.resumed_ms,
        score=score,
        final_ms=pause.noticed_ms + words_ms,
    )


def taken_by_policy(pauses: Sequence[HeardPause], policy: Policy, expects: str) -> list[int]:
    """When the core would take the turn, each time."""
    state, taken_ms = State(policy=policy, expects=expects), []
    for pause in pauses:
        turn = Turn(onset_ms=0, ended_ms=pause.ended_ms, voiced=False, segments={0: pause.text})
        turn.score = pause.score
        known_ms = pause.final_ms
        if known_ms is None:
            known_ms = pause.ended_ms + policy.turn.stop_silence_max_ms + policy.turn.final_wait_ms
        due_ms = max(known_ms, pause.ended_ms + endpointing.wait_ms(state, turn))
        if pause.resumed_ms is None or due_ms < pause.resumed_ms:
            taken_ms.append(due_ms)
    return taken_ms
