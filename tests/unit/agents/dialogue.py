"""A conversation in text: what a caller says, turn by turn, to the real reasoner with real tools over a
calendar of its own. Time stands still, and every reply is confirmed and heard as a real call would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from antiphon.agents.build import Reasoning, prepare_reasoning
from antiphon.agents.definition import load_agent
from antiphon.agents.ports import (
    CallerTurn,
    Exchange,
    Expect,
    HeardReply,
    Reasoner,
    ReplyKind,
    ReplyRequest,
    SentenceEncoder,
    Tool,
    ToolContext,
    ToolResult,
)
from antiphon.agents.tools import CalendarView, appointment_tools

AGENTS = Path(__file__).parents[3] / "agents"
# A Monday morning; the seeded appointments are dated from it.
NOW = datetime(2026, 11, 23, 9, 12, tzinfo=ZoneInfo("America/New_York"))
TODAY = NOW.date()


@dataclass
class Reply:
    """One reply as the core would see it."""

    text: str = ""
    tools: list[tuple[str, dict[str, Any], ToolResult]] = field(default_factory=list)
    expected: Expect | None = None
    phrases: Sequence[str] = ()
    end: str = ""
    escalation: tuple[str, str] | None = None
    protected: str = ""
    understood: bool = False
    urgent: bool = False


class Acting:
    """`Replying` that runs tools at once, with the keys a runtime would give them."""

    def __init__(
        self, tools: Mapping[str, Tool], now: datetime, turn: int, broken: Mapping[str, ToolResult]
    ) -> None:
        self.reply = Reply()
        self._tools, self._now, self._turn, self._broken = tools, now, turn, broken

    def say(self, text: str, *, uninterruptible: bool = False) -> None:
        self.reply.text += text
        if uninterruptible:
            self.reply.protected += text

    async def run_tool(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        if name in self._broken:
            result = self._broken[name]
        else:
            key = f"{self._turn}-{name}-{sorted(arguments.items())}"
            context = ToolContext(call_id="call", idempotency_key=key, now=self._now)
            result = await self._tools[name].run(arguments, context)
        self.reply.tools.append((name, dict(arguments), result))
        return result

    def expect(self, kind: Expect, phrases: Sequence[str] = ()) -> None:
        self.reply.expected, self.reply.phrases = kind, phrases

    def understood(self, *, urgent: bool = False) -> None:
        self.reply.understood, self.reply.urgent = True, urgent

    def end_call(self, cause: str) -> None:
        self.reply.end = cause

    def escalate(self, reason: str, summary: str) -> None:
        self.reply.escalation = (reason, summary)


class Dialogue:
    """One call in text. `said` is the whole of it, for a readable failure."""

    def __init__(
        self, reasoner: Reasoner, tools: Sequence[Tool], calendar: Path, now: datetime = NOW
    ) -> None:
        self.reasoner, self.now = reasoner, now
        self.calendar = CalendarView(calendar)
        self.database = calendar
        self.tools = {tool.name: tool for tool in tools}
        self.broken: dict[str, ToolResult] = {}
        self.replies: list[Reply] = []
        self.history: list[Exchange] = []
        self.caller_number = ""

    async def greet(self) -> Reply:
        return await self._reply(ReplyKind.GREETING)

    async def say(self, text: str, *, cut_after: str = "") -> Reply:
        """One turn of the caller. `cut_after`: the caller hears the reply up to these words only."""
        return await self._reply(ReplyKind.TURN, text, cut_after=cut_after)

    async def talk(self, *turns: str) -> Reply:
        for turn in turns:
            assert not self.last.end and self.last.escalation is None, f"the call is over\n{self.said}"
            await self.say(turn)
        return self.last

    async def stay_silent(self, attempt: int) -> Reply:
        return await self._reply(ReplyKind.REPROMPT, attempt=attempt)

    async def time_out(self, reason: str = "silence") -> Reply:
        return await self._reply(ReplyKind.GOODBYE, reason=reason)

    async def speculate(self, text: str) -> Reply:
        """Prepare a reply to a partial turn and throw it away."""
        request = self._request("spec", ReplyKind.TURN, text, speculative=True)
        acting = Acting(self.tools, self.now, 999, self.broken)
        await self.reasoner.reply(request, acting)
        self.reasoner.discard("spec")
        return acting.reply

    @property
    def last(self) -> Reply:
        return self.replies[-1] if self.replies else Reply()

    @property
    def ran(self) -> list[str]:
        return [name for reply in self.replies for name, _, _ in reply.tools]

    @property
    def said(self) -> str:
        lines = [
            f"caller: {item.text}" if isinstance(item, CallerTurn) else f"agent:  {item.text}"
            for item in self.history
        ]
        return "\n".join(lines)

    def booked(self, first_name: str, last_name: str) -> list[Any]:
        return self.calendar.appointments(first_name, last_name, name_likeness_min=0.7)

    async def _reply(self, kind: ReplyKind, text: str = "", *, cut_after: str = "", **more: Any) -> Reply:
        reply_id = f"r{len(self.replies)}"
        acting = Acting(self.tools, self.now, len(self.replies), self.broken)
        await self.reasoner.reply(self._request(reply_id, kind, text, **more), acting)
        self.reasoner.confirm(reply_id)
        reply = acting.reply
        reply.text = reply.text.strip()
        heard = reply.text
        if cut_after:
            assert cut_after in reply.text, f"{cut_after!r} is not in {reply.text!r}\n{self.said}"
            heard = reply.text[: reply.text.index(cut_after) + len(cut_after)]
        self.reasoner.heard(reply_id, heard, not cut_after)
        if kind is ReplyKind.TURN:
            self.history.append(CallerTurn(text=text))
        self.history.append(HeardReply(text=heard, complete=not cut_after))
        self.replies.append(reply)
        return reply

    def _request(self, reply_id: str, kind: ReplyKind, text: str, **more: Any) -> ReplyRequest:
        return ReplyRequest(
            reply_id=reply_id, kind=kind, text=text, now=self.now, history=tuple(self.history),
            caller_number=self.caller_number, **more,
        )  # fmt: skip


class Clinic:
    """Makes dialogues with the clinic's agent; the calendar is fresh for each."""

    def __init__(self, encoder: SentenceEncoder | None) -> None:
        self.definition = load_agent(AGENTS / "clinic.yaml")
        self._encoder = encoder
        self._reasoning: Reasoning | None = None

    async def call(self, directory: Path, *, today: date = TODAY) -> Dialogue:
        calendar = directory / "calendar.sqlite"
        tools = appointment_tools(calendar, AGENTS / "clinic" / "calendar.yaml", today=today)
        reasoning = prepare_reasoning(self.definition, encoder=self._encoder, tools=tools)
        if self._reasoning is None:
            await reasoning.warm()
            self._reasoning = reasoning
        elif reasoning.understanding is not None and self._reasoning.understanding is not None:
            reasoning.understanding = self._reasoning.understanding  # The examples are encoded once.
        dialogue = Dialogue(reasoning.reasoner(), tools, calendar)
        await dialogue.greet()
        return dialogue


CHEN = ("Linda Chen", "April 8th 1979")


def only(call: Dialogue, first: str, last: str) -> tuple[str, datetime]:
    booked = call.booked(first, last)
    assert len(booked) == 1, f"{booked}\n{call.said}"
    return booked[0].appointment_type, booked[0].start.replace(tzinfo=None)
