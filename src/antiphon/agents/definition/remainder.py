"""A file with faults without them: what else is wrong with it can then be told at the same time."""

from __future__ import annotations

import copy
from typing import Any, Final

from pydantic import ValidationError

from antiphon.agents.definition.document import Document
from antiphon.agents.definition.problems import KeyPath
from antiphon.agents.definition.schema import AgentFile

# A name that is none would move those behind it; this takes its place and is never looked at.
_STAND_INS: Final[dict[KeyPath, str]] = {
    ("speech", "stt"): "local/whisper-tiny.en",
    ("speech", "tts"): "local/piper-joe",
    ("speech", "end_of_turn"): "local/smart-turn",
    ("reasoning", "model"): "openai-compatible",
}

# What is left of a section may be too little of one ("says nothing"), and goes in the next round.
_ROUNDS_MAX: Final = 3


def without_faults(document: Document, error: ValidationError) -> AgentFile | None:
    """None where too little is left: something is missing, or is wrong as a whole."""
    value = copy.deepcopy(document.value)
    for _ in range(_ROUNDS_MAX):
        faults = {_existing(value, item["loc"]) for item in error.errors(include_url=False)}
        if () in faults:
            return None
        for at in sorted(faults, key=_from_behind, reverse=True):
            _take_out(value, at)
        try:
            return AgentFile.model_validate(value)
        except ValidationError as left:
            error = left
    return None


def _existing(value: Any, loc: tuple[str | int, ...]) -> KeyPath:
    """The part of pydantic's location that is in the file; it also names arms of unions."""
    at: KeyPath = ()
    for part in loc:
        known = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        if part in known:
            value, at = value[part], (*at, part)
    return at


def _from_behind(at: KeyPath) -> tuple[tuple[bool, int, str], ...]:
    """Items of a list from the last one: taking one out moves those behind it."""
    return tuple((isinstance(part, int), part if isinstance(part, int) else 0, str(part)) for part in at)


def _take_out(value: Any, at: KeyPath) -> None:
    *way, last = at
    try:
        for part in way:
            value = value[part]
        if tuple(way) in _STAND_INS:
            value[last] = _STAND_INS[tuple(way)]
        else:
            del value[last]
    except (KeyError, IndexError, TypeError):
        return  # What it stood in is gone already.
