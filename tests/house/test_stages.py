"""`make test` leaves no test out: what one stage passes over, another runs."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_whatever_is_in_no_hurry_is_where_the_last_stage_looks_for_it() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    listed = re.search(r"^LEISURELY := (.*)$", makefile, re.MULTILINE)
    assert listed is not None
    places = [ROOT / name for name in listed[1].split()]
    marked = [
        path
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if "pytest." + "mark.own_pace" in path.read_text(encoding="utf-8")
    ]
    assert marked
    for path in marked:
        assert any(path == place or place in path.parents for place in places), path
