"""What one call is made of; built by the exchange from the agent file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from antiphon.agents.ports import Reasoner, Tool
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import Policy
from antiphon.runtime.arrivals import CallerView, CallWatch
from antiphon.runtime.attending import NOBODY, Attendant
from antiphon.runtime.clock import Clock
from antiphon.runtime.metering import Meter
from antiphon.runtime.screening import OpensScreening
from antiphon.runtime.speaking import Voice
from antiphon.runtime.transfers import Begin
from antiphon.runtime.unified import UnifiedModel
from antiphon.speech.ports import EndOfTurn, SpeechToText
from antiphon.speech.ssml import Utterance
from antiphon.storage.traces import TraceWriter

if TYPE_CHECKING:
    from antiphon.runtime.call import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class CallParts:
    """Attributes: started_at: wall-clock time of the call's beginning in the agent's time zone.
    opens_screening: of a call we placed, where whoever answers is to be judged first."""

    call_id: str
    agent: str
    line_kind: str
    caller_number: str
    language: str
    policy: Policy
    started_at: datetime
    recognisers: Sequence[tuple[str, SpeechToText]]
    vocabulary: tuple[str, ...]
    voices: Sequence[Voice]
    shape: Callable[[str], Utterance]
    end_of_turn: EndOfTurn | None
    reasoner: Reasoner
    tools: Mapping[str, Tool]
    trace: TraceWriter
    clock: Clock
    suppress_noise: bool = False
    unified: UnifiedModel | None = None  # Answers instead, while its session lives.
    opens_screening: OpensScreening | None = None
    meter: Meter = field(default_factory=Meter)
    view: CallerView | CallWatch | None = None
    attendant: Attendant = NOBODY
    transfer: Begin | None = None
    press: Callable[[str], None] | None = None  # As `Arrival.press`.
    ended: Callable[[Call, cmd.EndCall], None] = field(default=lambda call, end: None)

    def started(self, at_ms: int) -> ev.CallStarted:
        return ev.CallStarted(
            at_ms=at_ms,
            call_id=self.call_id,
            agent=self.agent,
            line=self.line_kind,
            wall_time_ms=int(self.started_at.timestamp() * 1000),
            caller_number=self.caller_number,
            screened=msgspec.UNSET if self.opens_screening is None else True,
        )
