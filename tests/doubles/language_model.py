"""A language model with a script behind any vendor's format: what it was asked and what it says, in one form
that knows no vendor. A `Dialect` turns both into one vendor's wire format and checks them against its SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest

KEY = "test-key-1234"


@dataclass(frozen=True, kw_only=True)
class Called:
    """A tool call; `arguments` is JSON text, and may be none."""

    name: str
    arguments: str = "{}"


@dataclass(frozen=True)
class Thought:
    """Reasoning the caller must never hear."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What the vendor's bill says. `prompt` is all of it, read from the cache and written to it included."""

    prompt: int = 120
    cached: int = 100
    written: int = 8
    output: int = 9


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """One answer.

    Attributes:
        parts: Text pieces, thoughts and tool calls in the order they stream.
        stall_after: Fall silent after this many messages on the wire.
        unfinished: End the stream properly, but without the vendor's word that the answer is complete.
        length: The answer was cut because it became too long.
    """

    parts: Sequence[str | Called | Thought] = ()
    tokens: Tokens = field(default_factory=Tokens)
    stall_after: int | None = None
    unfinished: bool = False
    length: bool = False


@dataclass(frozen=True, kw_only=True)
class Turn:
    """role: "user", "assistant" or "tool". `marked`: a cache breakpoint ends here."""

    role: str
    text: str = ""
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    answers: str = ""  # For "tool": the name of the tool whose result this is.
    returned: str = ""  # What the vendor got back of its own: signatures, thoughts.
    marked: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request.

    Attributes:
        system_marked, tools_marked: A cache breakpoint ends there.
        reads_only: No answer is wanted: the vendor shall fill its prompt cache.
    """

    model: str
    system: str
    turns: tuple[Turn, ...]
    tools: Mapping[str, Mapping[str, Any]]
    system_marked: bool = False
    tools_marked: bool = False
    reads_only: bool = False

    @property
    def marks(self) -> int:
        return self.system_marked + self.tools_marked + sum(turn.marked for turn in self.turns)


class Dialect(Protocol):
    """One vendor's format."""

    def asked(self, request: HttpRequest) -> Asked:
        """Raises AssertionError for a request the vendor would not have taken."""

    def answer(self, asked: Asked, scripted: Scripted) -> HttpAnswer: ...

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer: ...

    def malformed(self) -> bytes: ...


@dataclass
class ScriptedModel:
    """A `Wire`. `script` is a list of answers, the last one again and again, or a mind that makes them.

    Attributes:
        numbers_bills: No two answers cost the same tokens. bills: What each answer's said.
    """

    dialect: Dialect
    script: list[Scripted] | Callable[[Asked], Scripted]
    asked: list[Asked] = field(default_factory=list)
    numbers_bills: bool = False
    bills: list[Tokens] = field(default_factory=list)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        asked = self.dialect.asked(request)
        self.asked.append(asked)
        scripted = self._scripted(asked)
        number = len(self.asked)
        if self.numbers_bills:
            tokens = Tokens(prompt=200 + 5 * number, cached=100 + 3 * number, output=10 + number)
            scripted = replace(scripted, tokens=tokens)
        self.bills.append(replace(scripted.tokens, output=0) if asked.reads_only else scripted.tokens)
        return self.dialect.answer(asked, scripted)

    def _scripted(self, asked: Asked) -> Scripted:
        if callable(self.script):
            return self.script(asked)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        return self.dialect.refusal(fault, faulty)

    def malformed(self) -> bytes:
        return self.dialect.malformed()
