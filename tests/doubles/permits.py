"""Permits for tests that dial or record, from the real gates: with rules that allow what the test does."""

from __future__ import annotations

from antiphon.trust.dialling import DialPermit, DialRules, permit_call
from antiphon.trust.recording import ConsentDesk, RecordingConsent


def permitted(number: str) -> DialPermit:
    return permit_call(number, DialRules(allowed=(number,)))


def consented(announcement: str, *, at_ms: int = 2000) -> RecordingConsent:
    """Of a caller who heard these words to their end and went on."""
    consent = ConsentDesk(announcement).heard(announcement, at_ms)
    assert consent is not None
    return consent
