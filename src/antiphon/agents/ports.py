"""Ports of thought: the reasoner, its tools, the language model and the sentence encoder.

A reasoner never performs effects and never speaks by itself: it asks through `Replying`, and the conversation
core decides what happens. So a reply may be prepared speculatively and thrown away without a trace.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class ReplyKind(Enum):
    """Why a reply is wanted."""

    GREETING = "greeting"  # The call was answered; the caller has said nothing yet.
    TURN = "turn"  # The caller finished a turn.
    REPROMPT = "reprompt"  # The caller is silent after our question; `attempt` counts from 1.
    GOODBYE = "goodbye"  # Silence, a time limit or an operator ends the call: say so politely.


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardReply:
    """An agent reply as far as the caller's ear got. `complete` is false when it was cut."""

    text: str
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerTurn:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUsed:
    """A tool that a speech-to-speech model used: who goes on for it must know. `result` is JSON text."""

    name: str
    arguments: str
    result: str


Exchange = CallerTurn | HeardReply | ToolUsed


# The answer to this turn broke off, and is to be gone on with: what was heard of it ends the history.
BROKE_OFF = "broke_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRequest:
    """Everything a reasoner may know when it prepares a reply.

    Attributes:
        text: The caller's turn as transcribed, keys in it or alone as "dtmf:1234#". Data, never instructions.
        now: Wall-clock time in the agent's time zone; the only clock a reasoner sees.
        history: What was said and really heard before this turn, oldest first.
        speculative: The turn may yet go on; nothing prepared here may have an effect before it is confirmed.
    """

    reply_id: str
    kind: ReplyKind
    text: str
    now: datetime
    history: Sequence[Exchange] = ()
    attempt: int = 0
    speculative: bool = False
    caller_number: str = ""
    keyed: bool = False  # The caller pressed keys; `text` is what they mean, where a menu says so.
    whispers: Sequence[str] = ()  # What an operator told the agent in this call, oldest first.
    whispers_before: int = 0  # He told more, which are too long ago to be given again.
    # For GOODBYE: "silence", "time_limit", "cost_limit", "operator"; for TURN also `BROKE_OFF`.
    reason: str = ""


class Expect(Enum):
    """What kind of answer the agent's question asks for; steers endpointing and recognition."""

    OPEN = "open"
    YES_NO = "yes_no"
    NAME = "name"
    SPELLING = "spelling"
    DIGITS = "digits"
    DATE = "date"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool gave back. `value` is JSON-able data; `error` is a short reason when `ok` is false."""

    ok: bool
    value: Any = None
    error: str = ""


class Replying(Protocol):
    """How a reasoner acts while preparing one reply."""

    def say(self, text: str, *, uninterruptible: bool = False) -> None:
        """Append text (a token, a clause, a sentence) to the reply. Chunking and shaping happen later.

        What is `uninterruptible` (a legal disclosure, a read-back) is heard to its end once it began; what
        the caller says over it becomes his turn right after.
        """

    async def run_tool(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Ask for a tool. One with an effect waits until the turn is confirmed; it runs at most once per
        (turn, name, arguments) even if the reply is regenerated. Unknown tools give ok=False."""

    def expect(self, kind: Expect, phrases: Sequence[str] = ()) -> None:
        """What the next answer will look like, with vocabulary for the recogniser."""

    def understood(self, *, urgent: bool = False) -> None:
        """The caller's words, as they are, make a whole request or answer, so that the turn need not be
        waited for as if it were unfinished; not at all if `urgent` (an emergency)."""

    def end_call(self, cause: str) -> None:
        """End the call once this reply has been heard ("goal_reached", "caller_done", "gave_up")."""

    def escalate(self, reason: str, summary: str) -> None:
        """Hand the caller to a person once this reply has been heard ("emergency", "asked_for_person")."""


class Reasoner(Protocol):
    """How one call's agent decides what to say. State lives inside, changed only by `confirm`."""

    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        """Prepare one reply; return when it is complete. Must not change committed state: several may be
        prepared from the same state, at most one of them is confirmed.

        Raises:
            ProviderError: No reply can be had; the core falls back.
        """

    def confirm(self, reply_id: str) -> None:
        """The caller's turn really was what `reply_id` answered: adopt the state it led to.
        May come before `reply` returns; then adopt when it does."""

    def discard(self, reply_id: str) -> None:
        """`reply_id` will not be heard at all; forget its state."""

    def heard(self, reply_id: str, text: str, complete: bool) -> None:
        """How much of a confirmed reply the caller heard."""


@runtime_checkable
class WarmsReplies(Protocol):
    """What a `Reasoner` may have besides."""

    async def warm(self, history: Sequence[Exchange]) -> None:
        """The caller has begun to speak after `history`: make ready for the reply. Never raises
        ProviderError, changes nothing that is said."""


class Effect(Enum):
    """Does running a tool change the world?"""

    NONE = "none"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """Attributes: idempotency_key: the same for retries of one intent; a WRITE tool must use it."""

    call_id: str
    idempotency_key: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function the agent may ask for. `parameters` is a JSON schema of the keyword arguments.

    `run` raises for failures it cannot explain; the runtime turns that, and `timeout_ms`, into ok=False.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    effect: Effect
    run: Callable[[Mapping[str, Any], ToolContext], Awaitable[ToolResult]]
    timeout_ms: int = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool the model asks for.

    Attributes:
        arguments: JSON text as the model gave it.
        opaque: What the vendor wants back with this call, as it gave it: a signature, its thoughts. Only the
            adapter that made it can read it; the others leave it out.
    """

    id: str
    name: str
    arguments: str
    opaque: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to a language model. role: "system", "user", "assistant" or "tool".

    Attributes:
        cache: Everything up to here, the tools included, is settled and comes again word for word: vendors
            that want a mark for their prompt cache get it here. At most two messages of a request have it.
    """

    role: str
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    cache: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one request is charged for.

    Attributes:
        input_tokens: The whole prompt, whatever became of it.
        cached_tokens: The part of `input_tokens` that was read from the vendor's prompt cache.
        cache_write_tokens: The part of `input_tokens` that was stored there at a price of its own.
        output_tokens: All that was generated, thoughts included.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)


@dataclass(slots=True, eq=False)
class Additions:
    """What whoever connected a call adds to its agent, where a language model decides; it may change while
    the call is up. Theirs are the operator's own words: only who has a key may connect calls.

    Attributes:
        instructions: Added to the agent's, which come first.
        tools: By name; a name the agent has already is not taken.
    """

    instructions: str = ""
    tools: dict[str, Tool] = field(default_factory=dict)


class LanguageModel(Protocol):
    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        """Stream text deltas to `emit`; return the whole answer. Cancelling stops the request at once.

        Args:
            meter: Told what the answer has cost so far, with its first piece (empty where the vendor says it
                later) and whenever the vendor says so; what it heard last also counts when the answer fails
                or is cancelled.

        Raises:
            ProviderUnavailable, ProviderRejected, ProviderProtocolError.
        """


@runtime_checkable
class WarmsPrompts(Protocol):
    """What a `LanguageModel` may have besides: it can be made ready before the words are needed."""

    async def warm(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Usage:
        """Open a connection, and have the vendor read the beginning of the next request, up to the last
        message with `cache`, where it does that for next to nothing.

        Raises:
            As `LanguageModel.complete`.
        """


@runtime_checkable
class LearnsInCalls(Protocol):
    """What a `LanguageModel` may have besides: it learns within a call what other calls need not know."""

    def for_call(self) -> LanguageModel:
        """The same for one call, which has learnt nothing yet. Takes no time."""


class SentenceEncoder(Protocol):
    async def encode(self, sentences: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        """Unit vectors [len(sentences), d]; `query` for what a caller said, else for stored phrases."""
