"""Calls to the clinic in which what tells voice from silence, or the end of a turn, is lost on the way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.doubles.clinic_call import TURNS, Clinic, Talker
from tests.doubles.clinic_faults import FLOW, HEARD, LOST_AT, notes
from tests.doubles.clinic_vendors import Loss
from tests.doubles.faults import Fault
from tests.doubles.media_line import EnergyVad
from tests.doubles.paced_loop import live_with_sockets

from antiphon.conversation.events import TurnSignalled
from antiphon.errors import ProviderUnavailable
from antiphon.runtime.failover.activity import FailoverVad
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.failover.judges import FailoverEndOfTurn
from antiphon.runtime.failover.race import Candidate
from antiphon.runtime.records.lines import EventEntry
from antiphon.speech.energy import EnergyActivity
from antiphon.speech.ports import VoiceActivity

DEEPGRAM, ASSEMBLYAI = "deepgram/nova-3", "assemblyai/universal-streaming-english"
CLAUDE, ELEVENLABS = "anthropic/claude-haiku-5-5", "elevenlabs/JBFqnCBsd6RMkjVDRZzb"


class Senses:
    """What one call has that can be lost; `lose` from the line `LOST_AT` on."""

    def __init__(self) -> None:
        self.lost = False
        self.judged = 0

    def lose(self, line: int) -> None:
        self.lost = self.lost or line == LOST_AT


class MortalVad(EnergyVad):
    """A detector that dies with the senses."""

    def __init__(self, sample_rate_hz: int, senses: Senses) -> None:
        super().__init__(sample_rate_hz)
        self._senses = senses

    def probabilities(self, rows: NDArray[np.intp], windows: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._senses.lost:
            raise ProviderUnavailable("vad", "the engine failed")
        return super().probabilities(rows, windows)


class MortalJudge:
    """Sure that every turn is over, while the senses last."""

    def __init__(self, senses: Senses, *, hangs: bool) -> None:
        self._senses, self._hangs = senses, hangs

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        if not self._senses.lost:
            self._senses.judged += 1
            return 0.95
        if self._hangs:
            await asyncio.Event().wait()
        raise ProviderUnavailable("judge", "the worker is gone")


def booked_well(clinic: Clinic, talker: Talker) -> None:
    assert [turn.heard for turn in talker.turns] == HEARD
    assert [item.appointment_type for item in clinic.booked()] == ["physical"]


def test_a_call_goes_on_by_loudness_when_its_voice_activity_dies(tmp_path: Path) -> None:
    senses, books = Senses(), list[HealthBook]()

    def make(sample_rate_hz: int) -> VoiceActivity:
        book = HealthBook()
        books.append(book)
        model: Candidate[VoiceActivity] = Candidate(
            name="model", port=MortalVad(sample_rate_hz, senses), health=book.of("vad", "model")
        )
        return FailoverVad([model], EnergyActivity(sample_rate_hz))

    async def story() -> None:
        async with Clinic(tmp_path, [DEEPGRAM], [CLAUDE, FLOW], [ELEVENLABS], make_vad=make) as clinic:
            talker = Talker(TURNS, before_line=senses.lose)
            await clinic.call(talker)
            booked_well(clinic, talker)
        assert "open" in [book.states().get("vad model") for book in books]
        assert max(turn.answer_ms for turn in talker.turns[LOST_AT + 1 :]) < 1500

    live_with_sockets(story())


@pytest.mark.parametrize("hangs", [False, True], ids=["gone", "hung"])
def test_a_call_goes_on_by_a_fixed_silence_when_its_end_of_turn_model_is(hangs: bool, tmp_path: Path) -> None:
    senses, book = Senses(), HealthBook()

    async def story() -> None:
        judges = FailoverEndOfTurn(
            [Candidate(name="model", port=MortalJudge(senses, hangs=hangs), health=book.of("eot", "model"))]
        )
        async with Clinic(tmp_path, [DEEPGRAM], [CLAUDE, FLOW], [ELEVENLABS], end_of_turn=judges) as clinic:
            talker = Talker(TURNS, before_line=senses.lose)
            record = await clinic.call(talker)
            booked_well(clinic, talker)
        assert senses.judged >= LOST_AT
        told = len(notes(record, "end_of_turn_failed"))
        assert told == len(TURNS) - LOST_AT
        assert book.states() == {"eot model": "open"}
        assert max(turn.answer_ms for turn in talker.turns[LOST_AT + 1 :]) < 1500

    live_with_sockets(story())


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.HANG], ids=lambda fault: fault.value)
def test_a_call_goes_on_by_our_silence_when_the_vendor_that_ends_its_turns_is_lost(
    fault: Fault, tmp_path: Path
) -> None:
    async def story() -> None:
        turn = {"endpointing": "provider"}
        async with Clinic(
            tmp_path, [ASSEMBLYAI, DEEPGRAM], [CLAUDE, FLOW], [ELEVENLABS], turn=turn
        ) as clinic:
            lost, loss = clinic.doubles["stt", ASSEMBLYAI], Loss("stt", ASSEMBLYAI, fault)
            talker = Talker(TURNS, before_line=lambda at: loss.befall(lost) if at == LOST_AT else None)
            record = await clinic.call(talker)
            booked_well(clinic, talker)
        assert {note["provider"] for note in notes(record, "usage") if note["role"] == "stt"} == {
            ASSEMBLYAI,
            DEEPGRAM,
        }
        moments = [
            entry.event.moment
            for entry in record.entries
            if isinstance(entry, EventEntry) and isinstance(entry.event, TurnSignalled)
        ]
        assert "ended" in moments[: moments.index("lost")]
        assert max(turn.answer_ms for turn in talker.turns[LOST_AT + 1 :]) < 1500

    live_with_sockets(story())
