"""Several language models as one. What was said before one failed stays said, once: the next one goes on, and
is cut where it begins with those words again.

A reply of which nothing was let out yet is simply begun again by the next model; a tool that has run is part
of the messages by then, so its result is used and it does not run twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from antiphon.agents.llm.continuing import GO_ON, Continuation
from antiphon.agents.ports import Completion, LanguageModel, Message, Tool, Usage, WarmsPrompts
from antiphon.runtime.failover.preference import Preference
from antiphon.runtime.failover.race import Attempt, Candidate, RaceLost, RaceRules, others, race
from antiphon.speech.chunks import Chunker

_log = structlog.get_logger(__name__)

STALL_S = 6.0  # Without another word; the arguments of a tool come without words and take a while.


class FailoverModel:
    """`LanguageModel` over candidates in order of preference.

    Raises:
        RaceLost: (a ProviderError) All of them failed, or are left alone while somebody is behind them; what
            was emitted before that stays said.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate[LanguageModel]],
        rules: RaceRules,
        *,
        hung: dict[str, int] | None = None,
    ) -> None:
        assert candidates, "somebody must answer"
        self._candidates = candidates
        self._rules = rules
        self._preference = Preference(candidates, hung)

    def for_call(self, hung: dict[str, int] | None = None) -> FailoverModel:
        """As `LearnsInCalls`; `hung` as in `Preference`."""
        return FailoverModel(self._candidates, self._rules, hung={} if hung is None else hung)

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        said = _Said(emit, hold=len(self._candidates) > 1)
        order = self._preference.admitted(backed=self._rules.backed)
        while True:
            asked = said.continued(messages)

            async def ask(attempt: Attempt[LanguageModel], asked: Sequence[Message] = asked) -> Completion:
                async with asyncio.timeout(None) as patience:

                    def hear(text: str) -> None:
                        if text and not patience.expired() and attempt.claim():
                            patience.reschedule(asyncio.get_running_loop().time() + STALL_S)
                            attempt.pass_on(said.feed, text)

                    return await attempt.candidate.port.complete(asked, tools, hear, meter)

            try:
                completion, _ = await race(order, self._rules, ask, self._preference.hung)
            except RaceLost as lost:
                said.drop()
                _log.warning("model_fell_back", vendor=lost.provider, spoke=bool(said.text))
                order = others(order, lost)
                continue
            said.finish()
            return replace(completion, text=said.text)

    async def warm(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Usage:
        """Whoever is asked first only: the others are not expected to be."""
        first = next((each for each in self._preference.order if each.health.is_well), None)
        if first is not None and isinstance(first.port, WarmsPrompts):
            return await first.port.warm(messages, tools)
        return Usage()


class _Said:
    """The text of one completion: what was let out, and the beginning of a piece that can be taken back.

    Whoever reads the text cuts it into the same pieces to speak, so holding back what is no whole piece
    delays nothing that is heard.
    """

    def __init__(self, emit: Callable[[str], None], *, hold: bool) -> None:
        self._emit = emit
        self._hold = hold
        self._chunker = Chunker()
        self._pieces: list[str] = []
        self._behind = Continuation(())
        self.text = ""

    def feed(self, text: str) -> None:
        if not self._hold:
            self._out(text)
            return
        for chunk in self._chunker.feed(self._behind.feed(text)):
            self._out(chunk)

    def finish(self) -> None:
        """The last piece needs no mark behind it: whoever ends the reply cuts there."""
        for chunk in self._chunker.feed(self._behind.finish()):
            self._out(chunk)
        *before, last = self._chunker.finish() or [""]
        for chunk in before:
            self._out(chunk)
        self.text += last
        if last:
            self._emit(last)

    def drop(self) -> None:
        """The rest of a piece that nobody has heard of; somebody else goes on behind the last whole one."""
        self._chunker = Chunker()
        self._behind = Continuation(self._pieces)

    def continued(self, messages: Sequence[Message]) -> Sequence[Message]:
        if not self.text:
            return messages
        told = Message(role="assistant", content=self.text.strip())
        return [*messages, told, Message(role="system", content=GO_ON)]

    def _out(self, text: str) -> None:
        # A line's end cuts where we have cut, so that the reader's own cutting waits for nothing more.
        self.text += f"{text} " if self._hold else text
        self._pieces.append(text)
        self._emit(f"{text}\n" if self._hold else text)
