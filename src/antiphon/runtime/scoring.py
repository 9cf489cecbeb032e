"""Is the caller's turn complete, judged from the sound of its end: asked for every pause, with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from antiphon.conversation.events import EndOfTurnScored, Event
from antiphon.errors import ProviderError
from antiphon.runtime.media.ports import Line
from antiphon.speech.ports import EndOfTurn

_log = structlog.get_logger(__name__)

WINDOW_MS = 8000
DEADLINE_S = 0.5


async def score_pause(
    end_of_turn: EndOfTurn,
    line: Line,
    ended_ms: int,
    post: Callable[[Event], None],
    note: Callable[..., None],
) -> None:
    """Post the score of the pause that began at `ended_ms`; without one the core waits the longest."""
    begun_ms = line.now_ms
    pcm = line.recent_audio(WINDOW_MS)
    try:
        async with asyncio.timeout(DEADLINE_S):
            score = await end_of_turn.score(pcm, line.sample_rate_hz)
    except (ProviderError, TimeoutError) as error:  # The core's own silence decides.
        note("end_of_turn_failed", reason=str(error) or "deadline exceeded")
        return
    except Exception as error:  # The owner of a job: a judge that breaks is one that says nothing.
        _log.error("judge_broke", error=type(error).__name__, exc_info=True)
        note("end_of_turn_failed", reason=f"{type(error).__name__}: {error}")
        return
    if not 0 <= score <= 1:  # Nor a number: a trace could not hold it.
        note("end_of_turn_failed", reason=f"a score of {score}")
        return
    now_ms = line.now_ms
    post(EndOfTurnScored(at_ms=now_ms, ended_ms=ended_ms, score=round(score, 4), took_ms=now_ms - begun_ms))
