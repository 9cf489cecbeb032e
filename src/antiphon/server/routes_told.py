"""The routes in force, told by the media worker who answers by them: the file may say otherwise by now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from antiphon.calls.routing import (
    Asked,
    Busy,
    Forward,
    Refused,
    RoutingTable,
    ToAgent,
    When,
    as_called,
    decide,
)
from antiphon.errors import CallFailed
from antiphon.server.rpc import Method


def route_methods(table: RoutingTable | None) -> dict[str, Method]:
    """What the control process may ask. `table` is None where agents are called by their names only."""

    async def routes() -> dict[str, Any]:
        return _told(table) if table is not None else {}

    async def explain_route(
        called: str, caller: str, at_ms: int, language: str, hidden: list[str]
    ) -> dict[str, Any]:
        if table is None:
            raise CallFailed("no routes are in force")
        seen = replace(table, agents=table.agents - set(hidden))
        at = datetime.fromtimestamp(at_ms / 1000, tz=UTC).astimezone(table.zone)
        asked = Asked(called=as_called(called), caller=caller, at=at, language=language)
        decision = decide(seen, asked)
        return {
            "called": asked.called,
            "at": at.isoformat(timespec="seconds"),
            "route": decision.route,
            "rule": decision.rule,
            "why": list(decision.why),
            "answer": _answer(decision.answer),
        }

    return {"routes": routes, "explain_route": explain_route}


def _told(table: RoutingTable) -> dict[str, Any]:
    return {
        "text": table.text,
        "time_zone": table.zone.key,
        "calls_max": table.calls_max,
        "agents": sorted(table.named),
        "routes": [
            {
                "name": route.name,
                "to": list(route.to),
                "limit": route.limit,
                "rules": [
                    {
                        "name": rule.name,
                        "always": rule.when.always,
                        "when": _conditions(rule.when),
                        "agents": {share.agent: share.percent for share in rule.shares},
                        "answer": _answer(rule.answer),
                    }
                    for rule in route.rules
                ],
            }
            for route in table.routes
        ],
    }


def _conditions(when: When) -> dict[str, list[str]]:
    """Those that are set."""
    named = {"open": when.open, "closed": when.closed, "holiday": when.holiday}
    listed = {"callers": when.callers, "countries": when.countries, "languages": when.languages}
    return {name: [value] for name, value in named.items() if value} | {
        name: list(values) for name, values in listed.items() if values
    }


def _answer(answer: ToAgent | Forward | Busy | Refused | None) -> dict[str, Any]:
    """All of it empty where callers are shared out among agents."""
    return {
        "agent": answer.agent if isinstance(answer, ToAgent) else "",
        "forward": answer.target if isinstance(answer, Forward) else "",
        "busy": isinstance(answer, Busy),
        "refuse": answer.reason if isinstance(answer, Refused) else "",
    }
