"""Voices behind the caller's: what is dated, ended and begun by a voice at the telephone alone.

The detector here goes by level: a voice at the telephone is louder than -20 dBFS and certain, a crowd is not.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.doubles.media_line import EnergyVad, TestCall, World, silence, tone

from antiphon.runtime.media import MediaPlane

VOICE, CROWD = 8000, 1000  # Amplitudes: -15 and -33 dBFS.


class NearVad(EnergyVad):
    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        level_dbfs = 10 * np.log10(np.mean(windows**2, axis=1) + 1e-10)
        return np.where(level_dbfs > -20, 0.99, 0.85 * (level_dbfs > -60)).astype(np.float32)


def near() -> tuple[World, TestCall]:
    world = World()
    world.plane = MediaPlane(NearVad(8000), NearVad(16000), clock=world.clock)
    return world, world.call()


def crowd(duration_ms: int) -> NDArray[np.int16]:
    return tone(duration_ms, amplitude=CROWD)


def events(call: TestCall) -> list[tuple[str, object]]:
    return [(name, at_ms) for name, at_ms, _ in call.notes.named("started", "stopped")]


def test_a_turn_in_front_of_a_crowd_ends_with_the_caller_not_with_the_crowd() -> None:
    world, call = near()
    world.speak(call, np.concatenate([silence(500), tone(700, amplitude=VOICE), crowd(3000)]))
    (_, onset), (stopped, ended) = events(call)
    assert stopped == "stopped"
    assert onset == pytest.approx(500, abs=36)
    assert ended == pytest.approx(1200, abs=36)


def test_the_end_in_front_of_a_crowd_is_known_within_600_ms() -> None:
    world, call = near()
    world.speak(call, np.concatenate([silence(500), tone(700, amplitude=VOICE), crowd(600)]))
    assert [name for name, _ in events(call)] == ["started", "stopped"]


def test_a_voice_in_front_of_a_known_crowd_is_noticed_at_once() -> None:
    world, call = near()
    world.speak(call, np.concatenate([silence(500), tone(700, amplitude=VOICE), crowd(3000)]))
    before = len(events(call))
    world.speak(call, tone(120, amplitude=VOICE))
    ((started, onset),) = events(call)[before:]
    assert started == "started"
    assert onset == pytest.approx(4200, abs=50)  # It may begin in the crowd's last window.


def test_a_crowd_is_forgotten_when_the_line_has_been_quiet() -> None:
    world, call = near()
    world.speak(call, np.concatenate([silence(500), crowd(1000), silence(3500)]))
    before = len(events(call))
    world.speak(call, crowd(200))  # A soft voice is a voice again.
    assert [name for name, _ in events(call)[before:]] == ["started"]


def test_whether_a_voice_is_somebodys_shows_within_200_ms() -> None:
    world, call = near()
    assert call.line.hears_somebody
    world.speak(call, np.concatenate([silence(500), crowd(350)]))
    assert not call.line.hears_somebody
    world.speak(call, tone(200, amplitude=VOICE))
    assert call.line.hears_somebody


def test_a_faint_voice_on_a_quiet_line_is_no_crowd() -> None:
    world, call = near()
    world.speak(call, np.concatenate([silence(500), tone(2000, amplitude=150)]))  # -50 dBFS: never sure.
    assert [name for name, _ in events(call)] == ["started"]
    assert call.line.hears_somebody
