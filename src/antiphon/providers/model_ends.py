"""Models that will be gone: told at the check and at the start, while there is time to change a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Final

import yaml

from antiphon.agents.definition import AgentDefinition
from antiphon.agents.definition.document import dotted, read_document
from antiphon.agents.definition.problems import Finding, KeyPath, Problem, Weight
from antiphon.agents.definition.values import UNIFIED

# A quarter: time for whoever listens to another voice, has it approved and rolls it out.
WARN_DAYS: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEnd:
    """Attributes:
    names: Full names, or patterns with "*", part by part.
    role: "stt", "tts", "llm" or "s2s".
    on: The first day without it.
    instead: What to write, in words.
    """

    names: tuple[str, ...]
    role: str
    on: date
    instead: str
    source: str

    def fits(self, role: str, name: str) -> bool:
        return role == self.role and any(_fits(pattern, name) for pattern in self.names)


@cache
def model_ends() -> tuple[ModelEnd, ...]:
    text = resources.files("antiphon.providers").joinpath("model_ends.yaml").read_text(encoding="utf-8")
    entries = yaml.load(text, Loader=yaml.BaseLoader)["ends"]
    return tuple(
        ModelEnd(
            names=tuple(entry["names"]),
            role=entry["role"],
            on=date.fromisoformat(entry["on"]),
            instead=entry["instead"],
            source=entry["source"],
        )
        for entry in entries
    )


def end_of(role: str, name: str) -> ModelEnd | None:
    return next((end for end in model_ends() if end.fits(role, name)), None)


def check_ends(definition: AgentDefinition, today: date) -> list[Finding]:
    """What the file names that is gone, or will be within `WARN_DAYS`."""
    document, found = read_document(definition.path), list[Finding]()
    for role, name, at in _named(definition):
        end = end_of(role, name)
        if end is None or (days := (end.on - today).days) > WARN_DAYS:
            continue
        when = f"ends on {end.on}, in {days} days" if days > 0 else f"ended on {end.on}"
        problem = Problem(
            path=document.path,
            line=document.line(at),
            # A list of one may be written without its brackets; then only the key itself is in the file.
            field=dotted(at if at in document.lines else at[:-1]),
            message=f"{name} {when}, by its vendor's announcement; then it fails on every call",
            fix=f"put in its place {end.instead} ({end.source})",
        )
        found.append(Finding(problem=problem, weight=Weight.ADVICE))
    return found


def _named(definition: AgentDefinition) -> Iterator[tuple[str, str, KeyPath]]:
    fields: Sequence[tuple[str, Sequence[str]]] = (
        ("stt", definition.speech.stt),
        ("tts", definition.speech.tts),
    )
    for field, names in fields:
        for index, name in enumerate(names):
            yield field, name, ("speech", field, index)
    for index, name in enumerate(definition.reasoning.models):
        role = "s2s" if name.startswith(UNIFIED) else "llm"
        yield role, name.removeprefix(UNIFIED), ("reasoning", "model", index)


def _fits(pattern: str, name: str) -> bool:
    wanted, parts = pattern.split("/"), name.split("/")
    return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))
