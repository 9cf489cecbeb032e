"""The clinic's appointment booked by phone over vendors' doubles on real sockets, and again with one vendor
lost in the middle of the call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.doubles.clinic_call import TURNS, Clinic, Talker
from tests.doubles.paced_loop import live_with_sockets

from antiphon.runtime.records.lines import CallRecord, NoteEntry

DEEPGRAM, ASSEMBLYAI = "deepgram/nova-3", "assemblyai/universal-streaming-english"
CLAUDE, GPT = "anthropic/claude-haiku-5-5", "openai/gpt-6-luna"
ELEVENLABS, CARTESIA = "elevenlabs/JBFqnCBsd6RMkjVDRZzb", "cartesia/6ccbfb76-1fc6-48f7-b71d-91ac6298247b"
FLOW = "flow/front_desk"


def notes(record: CallRecord, kind: str) -> list[dict[str, Any]]:
    return [
        dict(entry.fields) for entry in record.entries if isinstance(entry, NoteEntry) and entry.type == kind
    ]


@pytest.mark.parametrize(
    ("stt", "model", "tts"),
    [(DEEPGRAM, CLAUDE, ELEVENLABS), (ASSEMBLYAI, GPT, CARTESIA)],
    ids=["Deepgram, Claude, ElevenLabs", "AssemblyAI, GPT, Cartesia"],
)
def test_the_clinic_books_by_phone_over(stt: str, model: str, tts: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with Clinic(tmp_path, [stt], [model, FLOW], [tts]) as clinic:
            talker = Talker(TURNS)
            record = await clinic.call(talker)
            booked = clinic.booked()
        told = "\n".join(f"> {turn.said}\n{turn.heard}" for turn in talker.turns)
        assert [item.appointment_type for item in booked] == ["physical"], told
        assert f"{booked[0].start:%A %H:%M}" == "Friday 08:00"
        assert talker.heard.count("you're booked") == 1, told
        assert talker.heard.endswith("goodbye"), told
        used = {(note["role"], note["provider"]) for note in notes(record, "usage")}
        assert used == {("stt", stt), ("llm", model), ("tts", tts)}

    live_with_sockets(story())
