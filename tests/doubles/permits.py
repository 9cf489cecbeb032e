"""Permits for tests that dial, from the real gate with rules that allow what the test dials."""

from __future__ import annotations

from antiphon.trust.dialling import DialPermit, DialRules, permit_call


def permitted(number: str) -> DialPermit:
    return permit_call(number, DialRules(allowed=(number,)))
