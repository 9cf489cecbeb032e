"""What a caller answers: pure, from the words he understood to the line he says next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from antiphon.quality.callers.script import PUZZLED, CallerScript, Rule, fill

PUZZLED_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What the caller does now. All empty: he keeps listening."""

    says: str = ""
    presses: str = ""
    hangs_up: bool = False


class Mind:
    """One caller during one call."""

    def __init__(self, script: CallerScript, values: Mapping[str, Any]) -> None:
        self._script = script
        self._values = values
        self._used = [0] * len(script.rules)
        self._puzzled = 0
        self.heard: list[str] = []

    def lines(self) -> list[str]:
        """Everything the caller may ever say, to be rendered before the call."""
        said = [self._script.opens, *PUZZLED, *(item.says for item in self._script.interrupts)]
        said += [line for rule in self._script.rules for line in rule.says]
        said += [_correction(fill(rule.checks, self._values)) for rule in self._script.rules if rule.checks]
        return sorted({fill(line, self._values) for line in said if line})

    def opening(self) -> Act:
        return Act(says=fill(self._script.opens, self._values))

    def interruption(self, utterance: int) -> tuple[int, str] | None:
        """(after_ms, line) if the caller cuts into the agent's n-th utterance."""
        for item in self._script.interrupts:
            if item.utterance == utterance:
                return item.after_ms, fill(item.says, self._values)
        return None

    def react(self, heard: str) -> Act:
        """The agent has finished speaking and this was understood."""
        self.heard.append(heard)
        best = self._best_rule(heard)
        if best is None:
            return self._puzzle(heard)
        self._puzzled = 0
        number, rule = best
        says = rule.says[min(self._used[number], len(rule.says) - 1)]
        self._used[number] += 1
        checks = fill(rule.checks, self._values)
        if checks and _letters(checks) not in _letters(heard):
            says = _correction(checks)
        return Act(says=fill(says, self._values), presses=rule.presses, hangs_up=rule.hangs_up)

    def _best_rule(self, heard: str) -> tuple[int, Rule] | None:
        """The rule whose pattern stands last: people answer the last thing they were asked."""
        found: list[tuple[int, int, Rule]] = []
        for number, rule in enumerate(self._script.rules):
            if rule.times and self._used[number] >= rule.times:
                continue
            ends = [match.end() for p in rule.hears for match in re.finditer(p, heard, re.IGNORECASE)]
            if ends:
                found.append((max(ends), -number, rule))
        if not found:
            return None
        _, negative, rule = max(found, key=lambda item: item[:2])
        return -negative, rule

    def _puzzle(self, heard: str) -> Act:
        if not heard.strip():
            return Act()
        self._puzzled += 1
        if self._puzzled > PUZZLED_MAX:
            return Act(hangs_up=True)
        return Act(says=PUZZLED[(self._puzzled - 1) % len(PUZZLED)])


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _correction(letters: str) -> str:
    return f"No, it's {letters}."
