"""Live calls as people see them: those that are up, with what each shows and how much it needs somebody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from antiphon.errors import AntiphonError
from antiphon.operations.attention import Signals, attention
from antiphon.server.control import MediaClient


async def live_calls(media: MediaClient) -> list[dict[str, Any]]:
    """All that are up, whoever's they are; those that need a person most come first.

    Raises:
        AntiphonError: The media worker is not there.
    """
    up = await media.active()
    shown = await _shown(media)
    calls = [_call(dict(one), shown.get(str(one["call_id"]))) for one in up]
    # Among equals the one that came first stays first: a list that jumps cannot be read.
    return sorted(calls, key=lambda call: (-call["attention"], call["started_at_ms"] or 0, call["call_id"]))


async def _shown(media: MediaClient) -> dict[str, Any]:
    try:
        return await media.live()
    except AntiphonError:
        return {}  # A worker that does not look at its calls still has them.


def _call(up: dict[str, Any], shown: dict[str, Any] | None) -> dict[str, Any]:
    started_at_ms = _ms(up.pop("started_at", None))
    call = {**up, "started_at_ms": started_at_ms, "attention": 0, "reasons": [], "phase": ""}
    if "position" in up:
        call["phase"] = "waiting"
    if shown is None:
        return call
    signals = Signals(**shown["signals"])
    needed = attention(signals)
    return call | {
        "attention": needed.score,
        "reasons": [{"kind": one.kind, "words": one.words, "weight": one.weight} for one in needed.reasons],
        "phase": shown["phase"],
        "turns": shown["turns"],
        "duration_ms": shown["duration_ms"],
        "caller": shown["caller"],
        "cost_usd": round(signals.cost_usd, 6),
    }


def _ms(started_at: object) -> int | None:
    """From the worker's word for a moment."""
    if not isinstance(started_at, str | datetime):
        return None
    moment = started_at if isinstance(started_at, datetime) else datetime.fromisoformat(started_at)
    return int(moment.timestamp() * 1000)
