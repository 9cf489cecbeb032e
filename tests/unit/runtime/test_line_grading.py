"""Seconds become grades: by evidence, not by a cough, and with a step between poor and good again."""

from __future__ import annotations

import dataclasses

import pytest

from antiphon.audio.line_quality import LineSecond
from antiphon.conversation.events import LineGraded
from antiphon.conversation.policy import LinePolicy
from antiphon.runtime.line_grading import LineGrading

GOOD = LineSecond(
    voiced=True, level_dbfs=-26, noise_dbfs=-60, snr_db=30, clipped_pct=0, lost_pct=0, bandwidth_hz=3400
)


class Line:
    def __init__(self) -> None:
        self.grades: list[LineGraded] = []
        self.grading = LineGrading(LinePolicy(), self.grades.append)
        self.now_ms = 0

    def take(self, *seconds: LineSecond) -> list[tuple[int, bool, str]]:
        for second in seconds:
            self.now_ms += 1000
            self.grading.take(second, self.now_ms)
        return [(grade.at_ms, grade.poor, grade.causes) for grade in self.grades]


def like(**changes: object) -> LineSecond:
    return dataclasses.replace(GOOD, **changes)  # type: ignore[arg-type]


def test_a_good_line_has_nothing_to_tell() -> None:
    line = Line()
    assert line.take(*[GOOD] * 60) == []
    assert line.grading.totals.poor_seconds == 0


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"snr_db": 1.0}, "noisy"),
        ({"level_dbfs": -58.0}, "quiet"),
        ({"clipped_pct": 8.0}, "clipped"),
        ({"lost_pct": 20.0}, "lost"),
        ({"bandwidth_hz": 900}, "muffled"),
        ({"clipped_pct": 8.0, "snr_db": 1.0}, "noisy,clipped"),
    ],
)
def test_each_fault_is_named_and_told_once(changes: dict[str, object], cause: str) -> None:
    line = Line()
    told = line.take(*[like(**changes)] * 20)
    assert [(poor, causes) for _, poor, causes in told] == [(True, cause)]
    assert line.grading.totals.poor_seconds > 15


def test_one_bad_second_is_no_bad_line() -> None:
    line = Line()
    assert line.take(*[GOOD] * 5, like(snr_db=2.0, lost_pct=10.0, clipped_pct=4.0), *[GOOD] * 5) == []


def test_seconds_without_a_voice_say_nothing_of_it() -> None:
    line = Line()
    silent = like(voiced=False, snr_db=-20.0, level_dbfs=-70.0, bandwidth_hz=0)
    assert line.take(*[silent] * 30, GOOD, *[silent] * 30) == []


def test_a_line_at_the_limit_does_not_flutter() -> None:
    line = Line()
    told = line.take(*[like(snr_db=4.5), like(snr_db=5.5)] * 30)
    assert len(told) <= 1
    told = line.take(*[like(snr_db=20.0)] * 6)
    assert [poor for _, poor, _ in told] == [True, False]


def test_a_grade_carries_what_was_measured() -> None:
    line = Line()
    line.take(*[like(snr_db=1.0, level_dbfs=-30.0)] * 4)
    (grade,) = line.grades
    assert (grade.snr_db, grade.level_dbfs, grade.bandwidth_hz) == (1.0, -30.0, 3400)
