"""`python -m tests.totals RESULTS...`: what ran in all stages together, and what was left out and why."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree


class Totals(NamedTuple):
    """Outcome counts, the seconds they took, and how many tests were left out for which reason."""

    counts: Counter[str]
    seconds: float
    left_out: Counter[str]

    @property
    def failed(self) -> bool:
        return bool(self.counts["failed"] or self.counts["error"] or not self.counts["passed"])


def add_up(files: Sequence[Path]) -> Totals:
    """Read JUnit XML files as pytest writes them."""
    counts: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    seconds = 0.0
    for file in files:
        for suite in ElementTree.parse(file).getroot().iter("testsuite"):
            seconds += float(suite.get("time", 0))
            for case in suite.iter("testcase"):
                skipped = case.find("skipped")
                if case.find("error") is not None:
                    counts["error"] += 1
                elif case.find("failure") is not None:
                    counts["failed"] += 1
                elif skipped is not None:
                    counts["skipped"] += 1
                    left_out[(skipped.get("message") or "no reason given").splitlines()[0]] += 1
                else:
                    counts["passed"] += 1
    return Totals(counts, seconds, left_out)


def render(totals: Totals) -> list[str]:
    lines = [f"left out: {count} tests: {reason}" for reason, count in sorted(totals.left_out.items())]
    named = [
        f"{totals.counts[name]} {name}"
        for name in ("failed", "error", "passed", "skipped")
        if totals.counts[name]
    ]
    return [
        *lines,
        "all stages together:",
        f" {', '.join(named) or 'no tests ran'} in {totals.seconds:.2f}s ".center(80, "="),
    ]


def main(arguments: Sequence[str]) -> int:
    """Exit code 1 if anything failed, or nothing passed, or a stage left no results."""
    missing = [name for name in arguments if not Path(name).is_file()]
    totals = add_up([Path(name) for name in arguments if name not in missing])
    print("\n".join(["", *(f"no results: {name}" for name in missing), *render(totals)]))
    return int(totals.failed or bool(missing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
