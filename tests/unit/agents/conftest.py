"""Dialogues with the clinic, twice: with letters to compare sentences by, and with the embedded encoder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.unit.agents.dialogue import Clinic, Dialogue


@pytest.fixture(scope="module", params=["letters", pytest.param("e5", marks=pytest.mark.models)])
def clinic(request: pytest.FixtureRequest) -> Iterator[Clinic]:
    encoder = None
    if request.param == "e5":
        from antiphon.providers.local.e5 import E5Encoder

        encoder = E5Encoder()
    return Clinic(encoder)


@pytest.fixture
async def call(clinic: Clinic, tmp_path: Path) -> AsyncIterator[Dialogue]:
    dialogue = await clinic.call(tmp_path)
    yield dialogue
    for reply in dialogue.replies:
        if not (reply.end or reply.escalation):
            assert reply.expected is not None, f"a reply that asks nothing\n{dialogue.said}"
        if any(words in reply.text for words in ("You're booked", "It's moved", "It's cancelled")):
            ran = [(name, result.ok) for past in dialogue.replies for name, _, result in past.tools]
            writes = {("clinic.book", True), ("clinic.reschedule", True), ("clinic.cancel", True)} & set(ran)
            assert writes, f"an effect was claimed that never happened\n{dialogue.said}"
