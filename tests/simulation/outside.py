"""What happens to a call that neither caller nor agent does: operators, the meter, the line."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.conversation import events as ev

COST_MAX_USD = 0.5

HAPPENS: dict[str, Callable[[int], ev.AnyEvent]] = {
    "operator ends": lambda at_ms: ev.OperatorEnded(at_ms=at_ms),
    "operator ends now": lambda at_ms: ev.OperatorEnded(at_ms=at_ms, now=True),
    "operator transfers": lambda at_ms: ev.OperatorTransfers(at_ms=at_ms),
    "operator holds": lambda at_ms: ev.OperatorHolds(at_ms=at_ms),
    "operator resumes": lambda at_ms: ev.OperatorResumes(at_ms=at_ms),
    "cost is reached": lambda at_ms: ev.CostReached(at_ms=at_ms, cost_usd=COST_MAX_USD),
    "line fails": lambda at_ms: ev.LineFailed(at_ms=at_ms, reason="the socket is gone"),
}
