"""Who talks and who waits, at one media worker: limits counted and kept, first come first served. Pure.

Every call that enters leaves once. One that waits holds no place; it is given one by `left` of another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from antiphon.calls.routing.values import Full, Route, RoutingTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a call takes up. `route` is "" where its route's limit does not count it."""

    agent: str
    route: str = ""


class Lobby:
    """Attributes: waiting: Call ids in their order, with the places they wait for."""

    def __init__(self, table: RoutingTable) -> None:
        self._table = table
        self._route_limits = {route.name: route.limit for route in table.routes}
        self._talking: dict[str, Place] = {}
        self._by_agent: Counter[str] = Counter()
        self._by_route: Counter[str] = Counter()
        self.waiting: dict[str, Place] = {}

    def full_of(self, route: Route | None) -> Full:
        return route.full if route is not None else self._table.full

    def why_full(self, place: Place) -> str:
        """The limit that is reached, in words; "" while there is room."""
        table = self._table
        if table.calls_max and len(self._talking) >= table.calls_max:
            return "the worker's limit is reached"
        limit = table.limits.get(place.agent, 0)
        if limit and self._by_agent[place.agent] >= limit:
            return "the agent's limit is reached"
        limit = self._route_limits.get(place.route, 0)
        if limit and self._by_route[place.route] >= limit:
            return "the route's limit is reached"
        return ""

    def enter(self, call_id: str, place: Place) -> bool:
        """Take a place; False: there is none. Where there is, nobody waits for it: `left` saw to that."""
        assert call_id not in self._talking and call_id not in self.waiting, "a call enters once"
        if self.why_full(place):
            return False
        self._seat(call_id, place)
        return True

    def wait(self, call_id: str, place: Place, callers_max: int) -> bool:
        """Stand at the end of the line. False: it is as long as it may be."""
        assert call_id not in self._talking and call_id not in self.waiting, "a call enters once"
        if sum(one.route == place.route for one in self.waiting.values()) >= callers_max:
            return False
        self.waiting[call_id] = place
        return True

    def position(self, call_id: str) -> int:
        """From 1, among those of the same route."""
        mine = self.waiting[call_id]
        ahead = 1
        for other, place in self.waiting.items():
            if other == call_id:
                break
            ahead += place.route == mine.route
        return ahead

    def left(self, call_id: str) -> list[str]:
        """A call is over, waited enough or gave up: who talks now in consequence, in order. Safe twice."""
        place = self._talking.pop(call_id, None)
        if place is not None:
            self._by_agent[place.agent] -= 1
            self._by_route[place.route] -= 1
        self.waiting.pop(call_id, None)
        served = []
        for waiting, wanted in list(self.waiting.items()):
            if not self.why_full(wanted):
                del self.waiting[waiting]
                self._seat(waiting, wanted)
                served.append(waiting)
        return served

    def _seat(self, call_id: str, place: Place) -> None:
        self._talking[call_id] = place
        self._by_agent[place.agent] += 1
        self._by_route[place.route] += 1
