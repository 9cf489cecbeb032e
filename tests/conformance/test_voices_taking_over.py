"""One vendor's voice breaks off in the middle of a sentence and another vendor's goes on, over real sockets:
every word is heard once, in order."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.conformance.tts_vendors import HASTY, PATIENT, VENDORS, TtsVendor
from tests.doubles.coded_speech import CodedEar
from tests.doubles.faults import Fault, Faulty

from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.failover.race import Candidate, RaceRules
from antiphon.runtime.failover.voices import FailoverTts, SpeakingAs
from antiphon.runtime.metering import Meter, MeteredTts, Payer, paid_by
from antiphon.speech.ports import TtsAudio, TtsRequest

WORDS = "hello please book my visit on monday at nine thirty with doctor garcia thanks"
RATE_HZ = 8_000
WAIT_S = 30.0

SILENT = [Fault.REFUSE, Fault.HANG, Fault.RATE_LIMIT, Fault.AUTH, Fault.CLOSE_CODE, Fault.NO_RESULT]
PAIRS = [
    pytest.param(vendor, other, id=f"{vendor.name}-{other.name}")
    for vendor, other in zip(VENDORS, [*VENDORS[1:], VENDORS[0]], strict=True)
]
# What the line still plays: time enough for a double to be done or lost, however busy the machine is.
SPARE_MS = 10_000


@dataclass
class Line:
    """What the caller hears, and what is noted and charged."""

    ear: CodedEar = field(default_factory=lambda: CodedEar(RATE_HZ))
    ends_ms: tuple[int, ...] = ()
    notes: list[dict[str, Any]] = field(default_factory=list)

    def hear(self, audio: TtsAudio) -> None:
        self.ear.push(audio.pcm)
        self.ends_ms = audio.word_ends_ms or self.ends_ms

    def note(self, kind: str, **fields: Any) -> None:
        self.notes.append({"type": kind, **fields})

    @property
    def failed(self) -> list[str]:
        return [note["provider"] for note in self.notes if note["type"] == "voice_failed"]

    @property
    def characters(self) -> dict[str, int]:
        return {note["provider"]: note["characters"] for note in self.notes if note["type"] == "usage"}


async def spoken(first: TtsVendor, faulty: Faulty, second: TtsVendor) -> tuple[Line, list[Any]]:
    """The line, and what the second vendor was asked."""
    line, book = Line(), HealthBook()
    async with AsyncExitStack() as stack:
        _, one = await stack.enter_async_context(first.bench(faulty, HASTY))
        double, other = await stack.enter_async_context(second.bench(Faulty(), PATIENT))
        candidates = [
            Candidate(
                name=vendor.name,
                port=SpeakingAs(tts=MeteredTts(vendor.name, tts), voice=vendor.voice),
                health=book.of("tts", vendor.name),
            )
            for vendor, tts in ((first, one), (second, other))
        ]
        voices = FailoverTts(candidates, RaceRules(note="voice_failed", first_ms=15_000))
        meter = Meter()
        meter.note = line.note
        request = TtsRequest(text=WORDS, voice=first.voice, sample_rate_hz=RATE_HZ, spare_ms=SPARE_MS)
        with paid_by(Payer(meter=meter, reply="r1")):
            async with asyncio.timeout(WAIT_S):
                await voices.synthesize(request, line.hear)
        return line, list(double.requests)


@pytest.mark.parametrize("after", [2, 3, 7, 12])
@pytest.mark.parametrize(("first", "second"), PAIRS)
async def test_wherever_a_vendor_breaks_off_another_goes_on_with_the_next_word(
    first: TtsVendor, second: TtsVendor, after: int
) -> None:
    faulty = Faulty(fault=Fault.DROP_MID_STREAM, after=after)
    line, asked = await spoken(first, faulty, second)
    assert line.ear.text == WORDS
    assert line.failed == [first.name]
    assert len(asked) == 1
    if first.dates_words and second.dates_words:
        assert len(line.ends_ms) == len(WORDS.split())
    for heard, end_ms in zip(line.ear.words, line.ends_ms, strict=False):
        assert end_ms == pytest.approx(heard.end_ms, abs=15)


@pytest.mark.parametrize("fault", SILENT, ids=lambda fault: fault.value)
@pytest.mark.parametrize(("first", "second"), PAIRS)
async def test_a_vendor_that_gives_nothing_is_followed_by_one_that_says_it_all(
    first: TtsVendor, second: TtsVendor, fault: Fault
) -> None:
    line, asked = await spoken(first, Faulty(fault=fault), second)
    assert line.ear.text == WORDS
    assert line.failed == [first.name]
    assert len(asked) == 1
    assert line.characters[second.name] == len(WORDS)
    assert line.characters.get(first.name) is None, "nothing was made, so nothing is charged"
