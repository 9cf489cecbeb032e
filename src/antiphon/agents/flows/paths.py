"""From the dotted paths of a flow file to values of the conversation, for tools and for the ear."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from antiphon.agents.extract.values import TimeWindow
from antiphon.agents.flows.model import Flow, SlotType, Step
from antiphon.agents.flows.state import FlowState

AROUND = timedelta(minutes=60)  # "Around ten" takes nine to eleven.


def data(flow: Flow, state: FlowState, extra: Mapping[str, Any] | None = None) -> Callable[[str], Any]:
    """Look up values as tools take them."""

    def look_up(path: str) -> Any:
        root, *rest = path.split(".")
        value = _root(state, root, extra)
        for part in rest:
            value = _part(value, part)
        return value

    return look_up


def spoken(flow: Flow, state: FlowState, extra: Mapping[str, Any] | None = None) -> Callable[[str], Any]:
    """As `data`, with the words for a choice in place of its value."""
    plain = data(flow, state, extra)

    def look_up(path: str) -> Any:
        return say_choice(flow, path, plain(path))

    return look_up


def say_choice(flow: Flow, name: str, value: Any) -> Any:
    slot = flow.slots.get(name)
    if slot is not None and slot.type is SlotType.CHOICE:
        return next((choice.say for choice in slot.choices if choice.value == value), value)
    return value


def _root(state: FlowState, root: str, extra: Mapping[str, Any] | None) -> Any:
    if extra is not None and root in extra:
        return extra[root]
    if root == "caller_number":
        return state.caller_number or None
    if root in state.values:
        return state.values[root]
    result = state.results.get(root)
    return None if result is None or result.failed else result.value


def _part(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, TimeWindow) and part in ("earliest", "latest"):
        return _bound(value, part)
    if isinstance(value, list) and part.isdigit():
        return value[int(part)] if int(part) < len(value) else None
    return None if part.startswith("_") else getattr(value, part, None) or None


def _bound(window: TimeWindow, part: str) -> time | None:
    around = window.relation == "at" and not window.exact
    if part == "earliest":
        if window.relation == "before":
            return None
        return _shift(window.start, -AROUND) if around else window.start
    if window.end is not None:
        return window.end
    if window.relation == "at":
        return _shift(window.start, AROUND) if around else window.start
    return None


def _shift(value: time, by: timedelta) -> time:
    moment = datetime.combine(date(2000, 1, 2), value) + by
    return value if moment.date() != date(2000, 1, 2) else moment.time()


def arguments(flow: Flow, step_arguments: Mapping[str, str], literals: Mapping[str, Any],
              look_up: Callable[[str], Any]) -> dict[str, Any]:  # fmt: skip
    """A tool's arguments as JSON values; those without a value are left out."""
    found = {name: _json(look_up(path)) for name, path in step_arguments.items()}
    return {**literals, **{name: value for name, value in found.items() if value not in (None, "")}}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value.strftime("%H:%M") if isinstance(value, time) else value


def fingerprint(values: Mapping[str, Any]) -> str:
    """Equal for equal arguments."""
    return json.dumps(values, sort_keys=True, default=str)


def applies(step: Step, look_up: Callable[[str], Any]) -> bool:
    """Whether `when` and `unless` let the step take part."""
    return holds(step.when, look_up) and not (step.unless and holds(step.unless, look_up))


def holds(condition: str, look_up: Callable[[str], Any]) -> bool:
    """ "path": there is a value; "path=word": it is this one; "": always."""
    path, equals, word = condition.partition("=")
    if not path:
        return True
    value = look_up(path)
    return str(value) == word if equals else bool(value)
