"""Who answers, by the real detectors and the embedded recogniser on a few made openings. On virtual time; the
whole set is `benchmarks/amd.py`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from antiphon.quality.answerers.bench import Bench
from antiphon.quality.answerers.openings import Opening, openings
from antiphon.quality.answerers.scoring import Case

pytestmark = [pytest.mark.models, pytest.mark.light, pytest.mark.timeout(120)]
DEAD_AIR_MAX_MS = 1300
# What one small voice says in a moment, a beep, a fax and nothing.
CHOSEN = (
    "human_hello_00", "human_hello_05", "machine_greeting_00", "machine_announcement_01", "ivr_menu_06",
    "fax_fax_answer", "machine_beep_only", "silence_line",
)  # fmt: skip


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    cache: Path = tmp_path_factory.mktemp("answerers")
    bench = Bench(None, cache)
    return [_answer(bench, each) for each in openings(recorded=False) if each.name in CHOSEN]


def _answer(bench: Bench, opening: Opening) -> Case:
    spoken = Opening(
        name=opening.name, label=opening.label, kind=opening.kind, text=opening.text, sounds=opening.sounds,
        voice="piper-joe" if opening.voice else "", records=opening.records, beeps=opening.beeps,
    )  # fmt: skip
    return bench.answer(spoken, asyncio.run(bench.samples(spoken)))


def test_most_are_known_for_what_they_are(cases: list[Case]) -> None:
    assert len(cases) == len(CHOSEN)
    wrong = [(case.opening.name, case.answered.verdicts) for case in cases if not case.is_right]
    assert len(wrong) <= 1, wrong


def test_no_person_is_hung_up_on_or_left_in_silence(cases: list[Case]) -> None:
    people = [case for case in cases if case.opening.label == "human"]
    assert people
    for case in people:
        assert case.answered.first in ("human", "unknown"), case.answered.verdicts
        assert case.answered.message_ms is None
        assert case.dead_air_ms is None or case.dead_air_ms <= DEAD_AIR_MAX_MS + 100


def test_every_beep_is_heard_and_the_message_follows_it(cases: list[Case]) -> None:
    for case in cases:
        assert len(case.answered.beeps_ms) == case.opening.beeps, case.opening.name
        if case.opening.beeps:
            assert case.answered.message_ms is not None
            assert 0 < case.answered.message_ms - case.answered.beeps_ms[-1] < 500
