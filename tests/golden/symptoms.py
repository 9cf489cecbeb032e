"""Every golden trace by name."""

from __future__ import annotations

from tests.golden import (
    carried_stories,
    driver_stories,
    echo_stories,
    handover_stories,
    heard_stories,
    kept_stories,
    media_stories,
    placed_stories,
    session_stories,
    turn_stories,
)
from tests.golden.telling import Symptom

_ROOMS = (
    heard_stories,
    turn_stories,
    echo_stories,
    driver_stories,
    media_stories,
    session_stories,
    placed_stories,
    carried_stories,
    handover_stories,
    kept_stories,
)

SYMPTOMS: dict[str, Symptom] = {symptom.name: symptom for room in _ROOMS for symptom in room.SYMPTOMS}
