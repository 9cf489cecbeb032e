"""A speech-to-speech session lost in the middle of a clinic call that is heard and spoken in real words. Both
vendors under all faults: `python benchmarks/faults.py --role unified`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.doubles.clinic_faults import OTHERS
from tests.doubles.faults import Fault
from tests.doubles.unified_faults import survive_session

OPENAI, GEMINI = "openai/gpt-realtime-1.5", "gemini/gemini-3.8-live"


@pytest.mark.parametrize(
    ("name", "fault", "added_max_ms"),
    [
        pytest.param(OPENAI, Fault.CLOSE_CODE, 600, id="OpenAI, closed in the middle of his line"),
        pytest.param(GEMINI, Fault.HANG, 1_500, id="Gemini, silence"),
    ],
)
def test_the_agents_own_set_answers_what_the_session_never_told_and_finishes_the_booking(
    name: str,
    fault: Fault,
    added_max_ms: int,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    survived = survive_session(tmp_path, name, fault)
    record_property("added_ms", survived.added_ms)
    assert survived.faults == []
    assert survived.used == {name, OTHERS["llm"]}
    assert survived.added_ms <= added_max_ms


@pytest.mark.parametrize("name", [OPENAI, GEMINI])
def test_a_session_that_breaks_in_the_middle_of_an_answer_goes_on_with_it(name: str, tmp_path: Path) -> None:
    survived = survive_session(tmp_path, name, Fault.DROP_MID_STREAM)
    assert survived.faults == []
    assert survived.used == {name}, "it is made anew, and told what he said"
