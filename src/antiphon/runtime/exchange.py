"""The exchange: where every way of calling meets the agents. Answers, counts, drains."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from antiphon.audio.ports import LineFormat, MediaSink, MediaSource
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.errors import AntiphonError, CallFailed, ConfigError
from antiphon.runtime.arrangements import arranged_policy, arranged_reasoner, arranged_tools, arranged_unified
from antiphon.runtime.arrivals import Arrival, CallerView, CallWatch
from antiphon.runtime.attending import NOBODY, Attends
from antiphon.runtime.call import Call
from antiphon.runtime.call_parts import CallParts
from antiphon.runtime.clock import Clock
from antiphon.runtime.ending import all_of
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media.ports import Line, LineListener
from antiphon.runtime.metering import Meter
from antiphon.runtime.operating import Act, operate
from antiphon.runtime.recorded import (
    NOT_RECORDED,
    CallRecording,
    KeptApart,
    RecordedListener,
    RecordedSink,
    Recordings,
)
from antiphon.runtime.records.lines import Header, header_fields
from antiphon.runtime.screening import OpensScreening
from antiphon.runtime.transfers import Begin, Transfer, Transfers, WaitingCaller, Wanted
from antiphon.storage.keys import Keyring
from antiphon.storage.traces import TraceWriter

_log = structlog.get_logger(__name__)

CALLS_MAX = 200
OUTCOMES_MAX = 1000


class Plane(Protocol):
    """The part of the media plane the exchange needs."""

    def attach(
        self, line_format: LineFormat, sink: MediaSink, listener: LineListener, lead_ms: int
    ) -> tuple[MediaSource, Line]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveCall:
    call_id: str
    agent: str
    line: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a call ended. `escalate_to` is where a person is to be found, when one is wanted; `answered_by`
    what answered a call we placed, where its agent listens first."""

    call_id: str
    cause: str
    escalate_to: str = ""
    reason: str = ""
    summary: str = ""
    answered_by: str = ""


class Exchange:
    """Implements `runtime.arrivals.Switchboard`.

    Args:
        agents: Ready agents by name.
        calls_directory: Where traces go.
        calls_max: Calls at once; further ones are refused, so that those in progress stay good.
        recordings: Who records calls whose agent file says so; without it nobody does.
        opens_screening: Listens to who answers calls we placed, for agents whose file says what then.
        transfers: Calls people for callers; without it an escalation ends the call.
        trace_keys: Seal the traces; without, they lie in clear.
        attends: Makes who stands beside each call for the people who watch it.
    """

    def __init__(
        self,
        *,
        plane: Plane,
        agents: Mapping[str, AgentKit],
        calls_directory: Path,
        clock: Clock,
        calls_max: int = CALLS_MAX,
        recordings: Recordings | None = None,
        opens_screening: OpensScreening | None = None,
        transfers: Transfers | None = None,
        trace_keys: Keyring | None = None,
        attends: Attends | None = None,
    ) -> None:
        self._trace_keys = trace_keys
        self._attends = attends
        self._transfers = transfers
        self._plane = plane
        self._agents = agents
        self._calls_directory = calls_directory
        self._clock = clock
        self._calls_max = calls_max
        self._recordings = recordings
        self._opens_screening = opens_screening
        self._calls: dict[str, Call] = {}
        self._outcomes: OrderedDict[str, Outcome] = OrderedDict()
        self._watchers: set[asyncio.Task[None]] = set()
        self._draining = False
        self._when_ended: list[Callable[[str], None]] = []

    def when_ended(self, told: Callable[[str], None]) -> None:
        """Who is told the id of every call as it ends, once, before its last effects are through."""
        self._when_ended.append(told)

    @property
    def has_room(self) -> bool:
        """One more call would be answered now."""
        return not self._draining and len(self._calls) < self._calls_max

    @property
    def agents(self) -> Mapping[str, AgentKit]:
        return self._agents

    def answer(
        self, arrival: Arrival, sink: MediaSink, view: CallerView | CallWatch | None = None
    ) -> tuple[str, MediaSource]:
        """Start a call.

        Raises:
            ConfigError: Unknown agent.
            CallFailed: No capacity, or this worker is draining.
        """
        kit = self._agents.get(arrival.agent)
        if kit is None:
            known = ", ".join(sorted(self._agents)) or "none"
            raise ConfigError(f"there is no agent {arrival.agent!r}", fix=f"agents here: {known}")
        if self._draining:
            raise CallFailed("this worker takes no more calls")
        if len(self._calls) >= self._calls_max:
            raise CallFailed(f"all {self._calls_max} lines are busy")
        call = Call(self._parts(kit, arrival, view))
        source = self._begin(call, arrival, sink)
        _log.info("call_answered", call=call.id, agent=arrival.agent, line=arrival.line)
        watcher = asyncio.get_running_loop().create_task(self._watch(call), name=f"watch {call.id}")
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)
        return call.id, source

    def note(self, call_id: str, type: str, **fields: object) -> None:  # noqa: A002 - the trace's own word
        """A line for the trace of a call that is up."""
        call = self._calls.get(call_id)
        if call is not None:
            call.note(type, **fields)

    def recording(self, call_id: str) -> CallRecording | None:
        """The recording of a call in progress; None where there is none."""
        call = self._calls.get(call_id)
        return call.recording if call is not None and call.recording is not NOT_RECORDED else None

    def _begin(self, call: Call, arrival: Arrival, sink: MediaSink) -> MediaSource:
        """On the plane and begun; or nothing of it stays, no row, no open trace and no line that is busy."""
        undo: list[Callable[[], object]] = [call.parts.trace.close]
        try:
            source, line = self._attached(call, arrival, sink)
            undo.insert(0, line.close)
            self._calls[call.id] = call
            call.begin(line)
        except Exception as error:
            self._calls.pop(call.id, None)
            reason = f"{type(error).__name__}: {error}"
            all_of(lambda: call.note("call_not_begun", reason=reason), call.recording.end, *undo)
            if isinstance(error, AntiphonError):
                raise
            _log.error("call_not_begun", call=call.id, error=type(error).__name__, exc_info=True)
            raise CallFailed(f"the call could not begin: {type(error).__name__}") from error
        return source

    def _attached(self, call: Call, arrival: Arrival, sink: MediaSink) -> tuple[MediaSource, Line]:
        """The call on the plane, listened in on where it may be recorded."""
        line_format, listener = arrival.line_format, call
        if self._recordings is not None:
            definition = self._agents[arrival.agent].definition
            recording = self._recordings.begin(definition, call.id, line_format, call.note)
            call.recording = KeptApart(recording, call.note) if recording is not None else NOT_RECORDED
        if call.recording is NOT_RECORDED:
            return self._plane.attach(line_format, sink, listener, arrival.lead_ms)
        began_ns = self._clock.now_ns()
        recorded = RecordedSink(sink, call.recording, lambda: (self._clock.now_ns() - began_ns) // 1_000_000)
        return self._plane.attach(
            line_format, recorded, RecordedListener(listener, call.recording), arrival.lead_ms
        )

    def active(self) -> list[ActiveCall]:
        return [
            ActiveCall(
                call_id=call.id,
                agent=call.parts.agent,
                line=call.parts.line_kind,
                started_at=call.parts.started_at,
            )
            for call in self._calls.values()
        ]

    def outcome(self, key: str) -> Outcome | None:
        """How a recent call ended, by its id or by the carrier's id for it."""
        return self._outcomes.get(key)

    def end(self, call_id: str) -> None:
        """An operator wants a call to end, politely. Raises: ConfigError: No such call."""
        self.up(call_id).end(now=False)

    def tell_agent(self, call_id: str, words: str) -> None:
        """An operator tells the agent something the caller does not hear.

        Raises:
            ConfigError: No such call.
            CallFailed: This agent cannot be told anything.
        """
        call = self.up(call_id)
        if call.speaks_itself:
            raise CallFailed("a model that hears and speaks by itself cannot be told anything")
        call.whispers.append(words)
        call.whispered += 1
        call.note("whispered", text=words)

    def pass_on(self, call_id: str, target: str) -> str:
        """An operator wants a caller put through; gives to whom.

        Raises:
            ConfigError: No such call, no such number, or nobody can be called from here.
            Denied: The agent may not pass calls on to that one.
        """
        call = self._agents_own(call_id)
        if self._transfers is None:
            raise ConfigError("nobody can be called from here")
        chosen = self._transfers.target(self._agents[call.parts.agent], target)
        call.target = chosen
        call.post(ev.OperatorTransfers(at_ms=call.line.now_ms))
        return chosen

    def operate(self, call_id: str, act: Act, digits: str = "") -> None:
        """Raises: ConfigError: No such call. CallFailed: It cannot be done to this one."""
        call = self._agents_own(call_id) if act in ("hold", "resume") else self.up(call_id)
        operate(call, act, digits)

    def _agents_own(self, call_id: str) -> Call:
        """A call nobody has taken over. Raises: ConfigError: No such call. CallFailed: Somebody has."""
        call = self.up(call_id)
        if call.state.taken_over:
            raise CallFailed("an operator speaks with this caller: he must give the call back first")
        return call

    def up(self, call_id: str) -> Call:
        """A call that is up. Raises: ConfigError: There is none of this id."""
        call = self._calls.get(call_id)
        if call is None:
            raise ConfigError(
                f"no call {call_id!r} is up", fix="`antiphon calls active` lists those that are"
            )
        return call

    async def wait_ended(self, call_id: str) -> None:
        """Return when that call is over and its trace is on disk, or left to a disk that hangs; at once if
        there is none."""
        call = self._calls.get(call_id)
        if call is not None:
            await call.wait_ended()

    async def drain(self, timeout_ms: int) -> None:
        """Answer nothing new; let calls end politely, then end what is left."""
        self._draining = True
        for call in list(self._calls.values()):
            call.end(now=False)
        if self._watchers:
            await asyncio.wait(list(self._watchers), timeout=timeout_ms / 1000)
        for call in list(self._calls.values()):
            call.end(now=True)
        if self._watchers:
            await asyncio.wait(list(self._watchers), timeout=10)

    def _parts(self, kit: AgentKit, arrival: Arrival, view: CallerView | CallWatch | None) -> CallParts:
        definition, arrangement = kit.definition, arrival.arrangement
        policy, transfers = arranged_policy(definition.policy, arrangement), self._transfers
        if transfers is None or not transfers.serves(kit, arrival):
            # Whoever replays it must know that this call could not keep its caller.
            policy, transfers = msgspec.structs.replace(policy, handover=msgspec.UNSET), None
        wall_time_ms = self._clock.wall_time_ms()
        started_at = datetime.fromtimestamp(wall_time_ms / 1000, tz=definition.zone)
        call_id = arrival.call_id or f"{started_at:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        header = Header(
            call_id=call_id,
            agent=definition.name,
            definition_hash=definition.digest,
            policy=policy,
            wall_time_ms=wall_time_ms,
            line=arrival.line,
            direction="outbound" if arrival.outbound else "inbound",
            called_number=arrival.metadata.get("called_number", ""),
        )
        return CallParts(
            call_id=call_id,
            agent=definition.name,
            line_kind=arrival.line,
            caller_number=arrival.caller_number,
            language=definition.language,
            policy=policy,
            started_at=started_at,
            recognisers=kit.recognisers,
            vocabulary=definition.speech.vocabulary,
            suppress_noise=definition.speech.suppress_noise,
            voices=[voice.for_call() for voice in kit.voices],
            shape=kit.shape,
            end_of_turn=kit.end_of_turn,
            reasoner=arranged_reasoner(kit, arrangement),
            tools=arranged_tools(kit, arrangement),
            trace=TraceWriter(self._calls_directory, call_id, header_fields(header), keys=self._trace_keys),
            clock=self._clock,
            unified=arranged_unified(kit.unified, arrangement),
            opens_screening=self._screening(kit, arrival),
            meter=Meter(kit.prices),
            view=view,
            press=arrival.press,
            attendant=NOBODY if self._attends is None else self._attends(call_id, definition),
            transfer=None if transfers is None else _begins(transfers, kit, arrival),
            ended=lambda call, end: self._note_outcome(call, end, kit, arrival),
        )

    def _screening(self, kit: AgentKit, arrival: Arrival) -> OpensScreening | None:
        wanted = arrival.outbound and kit.definition.policy.answering is not msgspec.UNSET
        return self._opens_screening if wanted else None

    def _note_outcome(self, call: Call, end: cmd.EndCall, kit: AgentKit, arrival: Arrival) -> None:
        escalation, answerer = call.escalation, call.state.answerer
        outcome = Outcome(
            call_id=call.id,
            cause=end.cause,
            escalate_to=(call.target or kit.definition.escalation.target) if escalation else "",
            reason=escalation.reason if escalation else "",
            summary=escalation.summary if escalation else "",
            answered_by=answerer.verdict if answerer else "",
        )
        for key in (call.id, arrival.metadata.get("carrier_call", "")):
            if key:
                self._outcomes[key] = outcome
        while len(self._outcomes) > OUTCOMES_MAX:
            self._outcomes.popitem(last=False)
        _log.info("call_ended", call=call.id, cause=end.cause, reason=outcome.reason)
        # Not from within the step that ends it: whoever is served next begins in a step of his own.
        for told in self._when_ended:
            asyncio.get_running_loop().call_soon(told, call.id)

    async def _watch(self, call: Call) -> None:
        await call.wait_ended()
        self._calls.pop(call.id, None)


def _begins(transfers: Transfers, kit: AgentKit, arrival: Arrival) -> Begin:
    def begin(command: cmd.Escalate, caller: WaitingCaller) -> Transfer:
        wanted = Wanted(
            kit=kit,
            arrival=arrival,
            reason=command.reason,
            summary=command.summary,
            target=caller.target,
        )
        return transfers.begin(wanted, caller)

    return begin
