"""A speech-to-speech session lost in the middle of a clinic call, in each of the ways a vendor is lost: what
the caller heard, what was booked, what it cost. As `clinic_faults`, for a model that hears and speaks itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from tests.conformance.speech_vendors import Gemini, OpenAi, SpeechVendor
from tests.doubles.clinic_call import TURNS, Clinic, Talker
from tests.doubles.clinic_charges import charges, session_tokens
from tests.doubles.clinic_faults import (
    FAULTS,
    FLOW,
    LOST_AT,
    OTHERS,
    Survived,
    booking_calls,
    notes,
)
from tests.doubles.faults import Fault, Faulty
from tests.doubles.front_desk_mind import front_desk
from tests.doubles.gemini_live_script import LiveScript
from tests.doubles.language_model import Asked, Scripted
from tests.doubles.paced_loop import live_with_sockets
from tests.doubles.socket_vendor import SocketVendor
from tests.doubles.spoken_mind import spoken_front_desk

from antiphon.agents.definition import AgentDefinition
from antiphon.runtime.assembly import Shared, unified_model
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.records.replaying import replay_exactly

ROLE = "unified"
VENDORS: dict[str, SpeechVendor] = {vendor.unified: vendor for vendor in (OpenAi(), Gemini())}
# Of the answer after the loss: the caller's words, its beginning, and half a second of sound.
_WORDS_OUT = 8


@dataclass
class UnifiedClinic(Clinic):
    """The clinic with a model that hears and speaks by itself, and an agent's own set behind it."""

    vendor: SpeechVendor = field(default_factory=OpenAi)
    script: LiveScript = field(default_factory=lambda: LiveScript(mind=spoken_front_desk, coded=True))

    async def __aenter__(self) -> Self:
        self.session = await self._stack.enter_async_context(self.vendor.double(self.script, Faulty()))
        return await super().__aenter__()

    def _kit(self, definition: AgentDefinition) -> AgentKit:
        kit = super()._kit(definition)
        shared = Shared(registry=self.vendor.registry(self.session), home=self.home)
        return replace(kit, unified=unified_model(definition, shared, list(kit.tools.values())))


def unified_matrix() -> Iterator[tuple[str, str, Fault]]:
    """As `clinic_faults.matrix`."""
    for name, fault in itertools.product(VENDORS, FAULTS):
        yield ROLE, name, fault


def remembering(asked: Asked) -> Scripted:
    """The front desk, where what an earlier tool told is told in its place among what was said before."""
    last = asked.turns[-1]
    if last.role == "user":
        told = [turn.text for turn in asked.turns[:-1] if "slot_id" in turn.text]
        last = replace(last, text="\n".join([*told, last.text]))
    return front_desk(replace(asked, turns=(*asked.turns[:-1], last)))


def befall(double: SocketVendor, fault: Fault) -> None:
    """The session that stands goes bad, and so is every new one; but a connection that drops in the middle of
    an answer drops once, and who is only slow stays."""
    double.faulty.fault = fault
    match fault:
        case Fault.HANG:
            for peer in double.peers:
                peer.fault = fault
        case Fault.SLOW_FIRST_BYTE:
            for peer in double.peers:
                peer.fault, peer.sent = fault, 0
        case Fault.DROP_MID_STREAM:
            double.faulty.fault = Fault.NONE
            (peer,) = double.peers
            peer.fault, double.faulty.after = fault, peer.sent + _WORDS_OUT
        case _:
            double.cut()


def survive_session(home: Path, name: str, fault: Fault) -> Survived:
    """A whole call whose session has this fault from before the caller's third line on."""
    found: list[Survived] = []

    async def story() -> None:
        models = [f"unified:{name}", OTHERS["llm"], FLOW]
        async with UnifiedClinic(
            home, [OTHERS["stt"]], models, [OTHERS["tts"]], vendor=VENDORS[name]
        ) as clinic:
            clinic.doubles["llm", OTHERS["llm"]].wire.script = remembering

            talker = Talker(
                TURNS, before_line=lambda line: befall(clinic.session, fault) if line == LOST_AT else None
            )
            record = await clinic.call(talker)
            assert replay_exactly(record).difference is None
            booked = [item.appointment_type for item in clinic.booked()]
            assert not clinic.session.complaints, clinic.session.complaints
        uses = notes(record, "usage")
        before_ms = max(turn.answer_ms for turn in talker.turns[1 : LOST_AT + 1])
        waits_ms = [turn.answer_ms for turn in talker.turns[LOST_AT + 1 :]]
        found.append(
            Survived(
                heard=[turn.heard for turn in talker.turns],
                booked=booked,
                used={use["provider"] for use in uses if use["role"] in ("s2s", "llm")},
                booking_calls=booking_calls(record),
                added_ms=max(0, max(waits_ms) - before_ms),
                longest_ms=max(waits_ms),
                waits_ms=waits_ms,
                taken_up=[],
                charges=session_tokens(name, uses, clinic.script.bills) | charges(clinic.doubles, uses),
            )
        )

    live_with_sockets(story())
    return found[0]
