"""What is wrong with a file, in words its author can act on; and the way from pydantic's errors to them."""

from __future__ import annotations

import difflib
import re
import types
import typing
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from antiphon.errors import ConfigError

if TYPE_CHECKING:
    from antiphon.agents.definition.document import Document
    from antiphon.agents.definition.values import AgentDefinition

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to put right. `line` counts from 1; 0 means the file as a whole."""

    path: Path
    line: int
    field: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else str(self.path)
        text = f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"
        return f"{text}\n    fix: {self.fix}" if self.fix else text


class Weight(Enum):
    """What follows from a finding."""

    ERROR = "error"  # The file is wrong.
    HERE = "here"  # Something is missing on this machine: an extra, a key, a model.
    ADVICE = "advice"  # It works, though perhaps not as its author thinks.


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What somebody who knows more than the file found in it."""

    problem: Problem
    weight: Weight


class FileProblems(ConfigError):
    """Every problem of a file in one message, and one by one in `problems`, in file order.

    Attributes:
        rest: What the file defines without its faults, where that is still an agent: somebody who knows more
            can look at it too, so that all faults are told at once. Never to be used for a call.
    """

    def __init__(self, problems: Sequence[Problem], rest: AgentDefinition | None = None) -> None:
        self.problems, self.rest = tuple(problems), rest
        told = [str(problem) for problem in problems]
        super().__init__(told[0] if len(told) == 1 else "\n".join([f"{len(told)} problems", *told]))


def raise_problems(problems: Sequence[Problem], rest: AgentDefinition | None = None) -> None:
    """Raise one FileProblems that lists every problem in file order; nothing when there are none."""
    if not problems:
        return
    unique = sorted(dict.fromkeys(problems), key=lambda problem: (str(problem.path), problem.line))
    raise FileProblems(unique, rest)


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or ""."""
    names = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    return names[close[0]] if close else ""


def unknown_word(what: str, word: str, known: Iterable[str]) -> tuple[str, str]:
    """Message and fix for a name that is not among `known`."""
    names = sorted(known)
    near = nearest(word, names)
    message = f"unknown {what} {word!r}"
    if near:
        message += f"; did you mean {near!r}?"
    return message, f"known: {', '.join(names)}" if names else f"there is no {what} to choose from"


def pydantic_problems(error: ValidationError, model: type[BaseModel], document: Document) -> list[Problem]:
    """Every error of one validation, with the file's lines and the nearest known keys."""
    return [_problem(dict(item), model, document) for item in error.errors(include_url=False)]


def _problem(item: dict[str, Any], model: type[BaseModel], document: Document) -> Problem:
    from antiphon.agents.definition.document import dotted

    at = _real_path(item["loc"], document)
    kind, message, fix = item["type"], str(item["msg"]), ""
    if kind == "extra_forbidden":
        key = str(item["loc"][-1])
        message, fix = unknown_word("key", key, _known_keys(model, item["loc"][:-1]))
        fix = next((why for pattern, why in _NOT_THE_FILES if pattern.search(key)), fix)
    elif kind == "missing":
        message, fix = "missing", f"add `{item['loc'][-1]}:`"
        at = (*at, item["loc"][-1]) if not at or at[-1] != item["loc"][-1] else at
    elif kind in ("literal_error", "enum"):
        allowed = str(item["ctx"]["expected"])
        near = nearest(str(item["input"]), re.findall(r"'([^']+)'", allowed))
        message = f"{item['input']!r} is not allowed" + (f"; did you mean {near!r}?" if near else "")
        fix = f"allowed: {allowed}"
    elif kind == "value_error":
        message, _, fix = str(item["ctx"]["error"]).partition(" | ")
    else:
        message = f"{message}, not {_short(item['input'])}"
    return Problem(path=document.path, line=document.line(at), field=dotted(at), message=message, fix=fix)


# What other systems let an author choose, and here does not depend on the agent.
_NOT_THE_FILES = (
    (
        re.compile(r"sample_?rate|encoding|codec|(?:^|_)format$", re.IGNORECASE),
        "remove it: the line of a call sets rate and format, and every provider's sound is converted",
    ),
    (
        re.compile(r"^(?:vad|voice_activity)$", re.IGNORECASE),
        "remove it: one detector hears all calls of a process together, with loudness behind it",
    ),
)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _real_path(loc: Sequence[str | int], document: Document) -> KeyPath:
    """The part of pydantic's location that exists in the file (it also names union branches)."""
    path: KeyPath = ()
    for part in loc:
        if (*path, part) in document.lines:
            path = (*path, part)
    return path


def _known_keys(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    annotation: Any = model
    for part in loc:
        annotation = _step_into(annotation, part)
    annotation = _plain(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [info.alias or name for name, info in annotation.model_fields.items()]
    return []


def _step_into(annotation: Any, part: str | int) -> Any:
    annotation = _plain(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            if part in (name, info.alias):
                return info.annotation
        return None
    arguments = typing.get_args(annotation)
    return arguments[-1] if arguments else None


def _plain(annotation: Any) -> Any:
    """Without Annotated and Optional."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation = typing.get_args(annotation)[0]
        elif origin in (typing.Union, types.UnionType):
            real = [arm for arm in typing.get_args(annotation) if arm is not type(None)]
            annotation = real[0]
        else:
            return annotation
