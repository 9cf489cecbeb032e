"""Which agent answers what, when, for whom and how many at once: declared in a file, decided purely."""

from antiphon.calls.routing.decision import as_called, decide
from antiphon.calls.routing.load import load_routes, routes_of, routes_schema
from antiphon.calls.routing.switchboard import RoutedSwitchboard
from antiphon.calls.routing.values import (
    Asked,
    Busy,
    Decision,
    Forward,
    Refused,
    RoutingTable,
    ToAgent,
    When,
)

__all__ = [
    "Asked",
    "Busy",
    "Decision",
    "Forward",
    "Refused",
    "RoutedSwitchboard",
    "RoutingTable",
    "ToAgent",
    "When",
    "as_called",
    "decide",
    "load_routes",
    "routes_of",
    "routes_schema",
]
