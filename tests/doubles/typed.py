"""Is a JSON value what an SDK's own types say it may be? Unknown keys are faults: that is the point."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import typing_extensions

_LISTS = {list, Sequence, Iterable, typing.Iterable, typing.List}  # noqa: UP006
_WORDS = {typing.Required, typing.NotRequired, typing_extensions.Required, typing_extensions.NotRequired}


def check(value: Any, kind: Any, where: str = "body", *, extra: frozenset[str] = frozenset()) -> None:
    """Raises AssertionError that names the place.

    Args:
        extra: Keys the top level may have beyond the type: what a host adds to another vendor's format.
    """
    faults = _faults(value, kind, where, extra)
    assert not faults, "; ".join(faults[:5])


def _faults(value: Any, kind: Any, where: str, extra: frozenset[str] = frozenset()) -> list[str]:
    kind = _bare(kind)
    origin, arguments = typing_extensions.get_origin(kind), typing_extensions.get_args(kind)
    if kind in {Any, object} or isinstance(kind, typing.TypeVar):
        return []
    if origin in {typing.Union, types.UnionType}:
        return _of_union(value, arguments, where)
    if origin in {typing.Literal, typing_extensions.Literal}:
        return [] if value in arguments else [f"{where}: {value!r} is none of {arguments}"]
    if typing_extensions.is_typeddict(kind):
        return _of_mapping(value, kind, where, extra)
    if origin in _LISTS or getattr(origin, "__name__", "") == "SequenceNotStr":
        return _of_list(value, arguments, where)
    if origin in {dict, Mapping, typing.Dict}:  # noqa: UP006
        if not isinstance(value, dict):
            return [f"{where}: not an object"]
        return [fault for key in value for fault in _faults(value[key], arguments[1], f"{where}.{key}")]
    if kind is float:
        kind = (int, float)
    if kind in {int, (int, float)} and isinstance(value, bool):
        return [f"{where}: a truth value"]
    kind = type(None) if kind is None else kind
    return [] if isinstance(value, kind) else [f"{where}: {value!r} is not {kind}"]


def _bare(kind: Any) -> Any:
    """Without the wrappers that say something about a key, not about its value."""
    while True:
        origin = typing_extensions.get_origin(kind)
        if origin in _WORDS or origin is typing.Annotated:
            kind = typing_extensions.get_args(kind)[0]
        elif isinstance(kind, typing.TypeAliasType if hasattr(typing, "TypeAliasType") else ()):
            kind = kind.__value__
        else:
            return kind


def _of_union(value: Any, kinds: tuple[Any, ...], where: str) -> list[str]:
    tried = [_faults(value, kind, where) for kind in kinds]
    if not all(tried):
        return []
    if isinstance(value, dict):  # The member it was meant to be tells best what is wrong.
        return min(
            tried, key=lambda faults: (any(".type:" in f or ".role:" in f for f in faults), len(faults))
        )
    return [f"{where}: {value!r} is none of the {len(kinds)} kinds allowed"]


def _of_mapping(value: Any, kind: Any, where: str, extra: frozenset[str]) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where}: not an object"]
    hints = _hints(kind)
    faults = [f"{where}.{key}: no such field" for key in value if key not in hints and key not in extra]
    faults += [f"{where}.{key}: missing" for key in kind.__required_keys__ if key not in value]
    for key in value.keys() & hints.keys():
        faults += _faults(value[key], hints[key], f"{where}.{key}")
    return faults


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing_extensions.get_type_hints(kind, include_extras=True)


def _of_list(value: Any, arguments: tuple[Any, ...], where: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{where}: not a list"]
    return [
        fault
        for index, item in enumerate(value)
        for fault in _faults(item, arguments[0], f"{where}[{index}]")
    ]
