"""Asks a caller whether he may be recorded, before anything else is talked about, whoever reasons.

Whether he must be asked, and what follows from his answer, is decided behind two tools that whoever records
provides; here are only the words. Nobody is asked where nobody records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final

from antiphon.agents.definition.values import AskToRecord
from antiphon.agents.disclosures import contains
from antiphon.agents.extract.agreement import find_agreement
from antiphon.agents.keys import keys_alone
from antiphon.agents.ports import (
    Exchange,
    Expect,
    Reasoner,
    Replying,
    ReplyKind,
    ReplyRequest,
    WarmsReplies,
)

MUST_ASK: Final = "recording.must_ask"  # {"caller_number"} -> {"ask", "why"}; changes nothing.
ANSWER: Final = "recording.answer"  # {"agreed", "words"}: begins the recording, or forbids it.
_REST_WORDS = 4  # So many words after a yes or a no are what the caller wants; fewer are manners.


class Stage(Enum):
    NEW = "new"
    ASKED = "asked"
    ASKED_AGAIN = "asked again"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What a reply that may be adopted leads to. `own`: the reasoner never saw it; `kept`: what the caller
    wanted before he was asked again."""

    stage: Stage
    kept: str = ""
    own: bool = False


@dataclass(slots=True)
class RecordingGuard:
    """Wraps any reasoner."""

    reasoner: Reasoner
    ask: AskToRecord
    language: str
    _now: _Draft = field(default_factory=lambda: _Draft(stage=Stage.NEW))
    _heard_question: bool = False
    _drafts: dict[str, _Draft] = field(default_factory=dict)
    _confirmed: set[str] = field(default_factory=set)

    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        """As `Reasoner`."""
        self._drafts[request.reply_id] = self._now
        try:
            self._drafts[request.reply_id] = await self._reply(request, act)
        finally:
            if request.reply_id in self._confirmed:
                self._now = self._drafts[request.reply_id]

    async def _reply(self, request: ReplyRequest, act: Replying) -> _Draft:
        stage = self._now.stage
        if request.kind is ReplyKind.GREETING and stage is Stage.NEW:
            return await self._greet(request, act)
        if stage in (Stage.ASKED, Stage.ASKED_AGAIN):
            if request.kind is ReplyKind.REPROMPT:
                return self._say_question(self.ask.question, self._now, act)
            if request.kind is ReplyKind.TURN:
                return await self._take(request, act)
        await self.reasoner.reply(request, act)
        return replace(self._now, own=False)

    async def _greet(self, request: ReplyRequest, act: Replying) -> _Draft:
        told = await act.run_tool(MUST_ASK, {"caller_number": request.caller_number})
        await self.reasoner.reply(request, act)
        if not told.ok:
            return _Draft(stage=Stage.DONE)
        if not told.value["ask"]:
            act.say(f" {self.ask.announcement}", uninterruptible=True)
            return _Draft(stage=Stage.DONE)
        self._ask(self.ask.question, act)
        return _Draft(stage=Stage.ASKED)

    async def _take(self, request: ReplyRequest, act: Replying) -> _Draft:
        now = self._now
        if not self._heard_question:  # He spoke before it; what he said answers something else.
            kept = replace(now, kept=_joined(now.kept, request.text))
            return self._say_question(self.ask.question, kept, act)
        found = find_agreement(request.text, self.language)
        if found is None and now.stage is Stage.ASKED:
            kept = replace(now, stage=Stage.ASKED_AGAIN, kept=_joined(now.kept, request.text))
            return self._say_question(self.ask.again, kept, act)
        # Who does not say yes to a plain question twice has not said yes.
        agreed = found is not None and found.value
        rest = request.text if found is None else request.text[found.end :].lstrip(" ,.;!")
        wanted = _joined(now.kept, rest if found is None or len(rest.split()) >= _REST_WORDS else "")
        arguments: dict[str, Any] = {"agreed": agreed, "words": request.text}
        act.understood()
        result = await act.run_tool(ANSWER, arguments)
        recorded = agreed and result.ok and bool(result.value["recorded"])
        act.say(f"{self.ask.agreed if recorded else self.ask.declined} ")
        if wanted:
            await self.reasoner.reply(replace(request, text=wanted), act)
            return _Draft(stage=Stage.DONE)
        act.say(self.ask.proceed)
        act.expect(Expect.OPEN)
        return _Draft(stage=Stage.DONE, own=True)

    def _say_question(self, words: str, draft: _Draft, act: Replying) -> _Draft:
        act.understood()
        self._ask(words, act)
        return replace(draft, own=True)

    def _ask(self, words: str, act: Replying) -> None:
        act.say(f" {words}", uninterruptible=True)
        act.expect(Expect.YES_NO)

    async def warm(self, history: Sequence[Exchange]) -> None:
        """As `WarmsReplies`."""
        if self._now.stage is Stage.DONE and isinstance(self.reasoner, WarmsReplies):
            await self.reasoner.warm(history)

    def confirm(self, reply_id: str) -> None:
        """As `Reasoner`."""
        self._confirmed.add(reply_id)
        draft = self._drafts.get(reply_id)
        if draft is not None:
            self._now = draft
        if draft is None or not draft.own:
            self.reasoner.confirm(reply_id)

    def discard(self, reply_id: str) -> None:
        """As `Reasoner`."""
        draft = self._forget(reply_id)
        if draft is None or not draft.own:
            self.reasoner.discard(reply_id)

    def heard(self, reply_id: str, text: str, complete: bool) -> None:
        """As `Reasoner`."""
        if contains(text, self.ask.question):
            self._heard_question = True
        draft = self._forget(reply_id)
        if draft is None or not draft.own:
            self.reasoner.heard(reply_id, text, complete)

    def _forget(self, reply_id: str) -> _Draft | None:
        self._confirmed.discard(reply_id)
        return self._drafts.pop(reply_id, None)


def _joined(kept: str, text: str) -> str:
    """Keys say nothing of what somebody wants."""
    return " ".join(filter(None, (kept, "" if keys_alone(text) else text.strip())))
