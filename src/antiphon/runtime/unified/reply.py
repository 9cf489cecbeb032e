"""One reply of the call as the session makes it: several of the vendor's own where tools come between.

The vendor tells words and sound apart from one another. What a chunk lasts is known when the vendor's reply
is complete; until then the core estimates from the pace of the voice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from antiphon.agents.llm.reasoner import END_CALL, HAND_OVER, result_text
from antiphon.agents.ports import ReplyKind, ReplyRequest, Tool, ToolResult, ToolUsed
from antiphon.conversation import saying
from antiphon.conversation.events import (
    ChunkSynthesized,
    Event,
    ReplyFailed,
    ReplyFinished,
    ReplyText,
    ToolRequested,
)
from antiphon.runtime.media.ports import Line
from antiphon.runtime.speaking import SOUNDS
from antiphon.speech.chunks import Chunker
from antiphon.speech.ports import SpokenAudio, SpokenToolCall

SUMMARY_MAX = 300


class Replies(Protocol):
    """Whoever owns the session, as its replies see it."""

    line: Line
    post: Callable[[Event], None]

    def tool(self, plain: str) -> Tool | None:
        """By the name the vendor was given."""

    def answer(self, call: str, result: str, *, unwanted: bool) -> None:
        """A tool's result for the vendor. With `unwanted` it will speak on although nobody waits for it."""

    def cut(self, spoken: str, heard_ms: int) -> None: ...

    def used(self, tool: ToolUsed) -> None: ...

    def given_up(self, reply: UnifiedReply) -> None:
        """Nothing more of it will be heard."""


@dataclass(slots=True)
class _Chunk:
    """`index` is the core's, once it has asked for its audio. `exact`: a voice says it, word for word."""

    text: str
    exact: bool = False
    index: int | None = None
    duration_ms: int | None = None
    told: bool = False


@dataclass(slots=True)
class _Piece:
    """One of the vendor's replies, or (without a name) words or a sound of ours beside them."""

    spoken: str = ""
    samples: int = 0
    ended: bool = False
    chunks: list[_Chunk] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Asked:
    """A tool under way."""

    call: str
    name: str
    arguments: str


def _canonical(arguments: dict[str, Any]) -> str:
    return msgspec.json.encode(arguments, order="deterministic").decode()


def _arguments(told: str) -> dict[str, Any] | None:
    """None for what is no JSON object, or one that no tool could be given."""
    try:
        arguments = json.loads(told or "{}")
        _canonical(arguments)
    except (ValueError, RecursionError, OverflowError, msgspec.MsgspecError):
        return None
    return arguments if isinstance(arguments, dict) else None


class UnifiedReply:
    """Also stands where the call keeps its `ReplyInProgress`."""

    def __init__(self, owner: Replies, request: ReplyRequest) -> None:
        self.id = request.reply_id
        self.request = request
        self.confirmed = True
        self.phrases: Sequence[str] = ()
        self.audible = False
        self.done = False  # All of it was given.
        self.muted = False
        self.retried = False
        self.sound_until_ms = 0  # Call time at which all of its sound that is there will have been played.
        self._owner = owner
        self._chunker = Chunker()
        self._pieces: list[_Piece] = []
        self._given: list[_Chunk] = []
        self._ready: list[bytes] = []
        self._complete = False  # The core knows that nothing follows.
        self._told: set[str] = set()  # The vendor's calls that were taken.
        self._asked: dict[str, _Asked] = {}
        self.tool_calls = 0
        self._speaks_on = False  # A tool was answered: the vendor will begin again.
        self._controls: list[str] = []
        self._then = ("", "", "")
        self._was_cut = False

    @property
    def awaits(self) -> bool:
        """The next thing the vendor begins to say belongs here."""
        return self.comes_yet and not self._speaking

    @property
    def comes_yet(self) -> bool:
        """The vendor will begin to say something for it, whatever becomes of what it says now."""
        return not self.muted and not self.done and (self._speaks_on or not self._spoken_pieces)

    @property
    def waits(self) -> bool:
        """The vendor owes it words: those it has begun with, or more."""
        return not self.muted and not self.done and (self.comes_yet or self._speaking)

    @property
    def unsaid(self) -> bool:
        """Nothing of it was given to the core: anybody else may still make it."""
        return not self._given

    @property
    def sounds(self) -> int:
        """Of ours, while nothing of it was given."""
        return sum(not piece.spoken for piece in self._pieces)

    @property
    def _spoken_pieces(self) -> list[_Piece]:
        return [piece for piece in self._pieces if piece.spoken]

    @property
    def _speaking(self) -> bool:
        return any(not piece.ended for piece in self._pieces)

    # ---------------------------------------------------------------- what the vendor says

    def begun(self, spoken: str) -> None:
        self._speaks_on = False
        self._pieces.append(_Piece(spoken=spoken))

    def audio(self, event: SpokenAudio) -> None:
        piece = self._piece(event.spoken)
        if self.muted or piece is None:
            return
        if event.text:
            self._give(piece, self._chunker.feed(event.text))
        if event.pcm:
            if not self._given:
                self._give(piece, [""])  # Sound does not wait for its words.
            piece.samples += len(event.pcm) // 2
            self._hear(event.pcm)

    def call(self, event: SpokenToolCall) -> None:
        """The vendor asks for a tool, or for the end of the call. Told again it is the same call."""
        if event.call in self._told:
            return
        self._told.add(event.call)
        arguments = _arguments(event.arguments)
        tool = self._owner.tool(event.name)
        if tool is None or arguments is None:
            error = f"there is no tool {event.name!r}" if tool is None else "the arguments are not an object"
            self._answer(event.call, result_text(ToolResult(ok=False, error=error)))
        elif tool.name in (END_CALL.name, HAND_OVER.name):
            self._controls.append(event.call)
            self._then = ("end", "goal_reached", "")
            if tool.name == HAND_OVER.name:
                self._then = ("escalate", "asked_for_person", str(arguments.get("summary", ""))[:SUMMARY_MAX])
        else:
            self._ask(event.call, tool, arguments)

    def _ask(self, call: str, tool: Tool, arguments: dict[str, Any]) -> None:
        if self.muted:
            # The caller has moved on; an effect asked for only now would be nobody's wish any more.
            self._answer(call, result_text(ToolResult(ok=False, error="the reply was given up")))
            return
        self.tool_calls += 1
        tool_call_id = f"{self.id}.t{self.tool_calls}"
        text = _canonical(arguments)
        self._asked[tool_call_id] = _Asked(call=call, name=tool.name, arguments=text)
        self._owner.post(
            ToolRequested(
                at_ms=self._owner.line.now_ms,
                reply_id=self.id,
                tool_call_id=tool_call_id,
                name=tool.name,
                arguments=text,
                effect=tool.effect.value,
            )
        )

    def tool_finished(self, tool_call_id: str, result: ToolResult) -> None:
        asked = self._asked.pop(tool_call_id, None)
        if asked is None:
            return
        told = result_text(result)
        self._owner.used(ToolUsed(name=asked.name, arguments=asked.arguments, result=told))
        if asked.call:
            self._answer(asked.call, told)

    def _answer(self, call: str, result: str) -> None:
        self._speaks_on = not self.muted
        # The vendor speaks on when the last of its calls is answered.
        self._owner.answer(call, result, unwanted=self.muted and not self._asked)

    def ended(self, spoken: str) -> None:
        """The vendor's reply is complete."""
        piece = self._piece(spoken)
        if piece is None:
            return
        piece.ended = True
        if self.muted:
            return
        self._give(piece, self._chunker.cut())
        if piece.samples and not piece.chunks:
            self._give(piece, [""])
        self._measure(piece)
        silent = not any(piece.samples for piece in self._spoken_pieces)
        if self._controls and (silent or self._asked or self._speaks_on):
            # A call is neither ended nor handed over in silence, nor before a tool's result was told: the
            # vendor goes on when all that it asked is answered.
            for call in self._controls:
                self._answer(call, result_text(ToolResult(ok=True)))
            self._controls.clear()
        if not self._asked and not self._speaks_on:
            self._finished()

    def _finished(self) -> None:
        self.done = True
        then, cause, summary = self._then
        if self.request.kind is ReplyKind.GOODBYE:
            then, cause = "end", self.request.reason
        at_ms = self._owner.line.now_ms
        self._owner.post(
            ReplyFinished(at_ms=at_ms, reply_id=self.id, then=then, cause=cause, summary=summary)
        )

    def begin_again(self) -> None:
        """The vendor broke off before anything was given."""
        self.retried = True
        self._speaks_on = False
        self._chunker = Chunker()
        self._pieces.clear()
        for asked in self._asked.values():
            asked.call = ""  # It asks anew for what it still wants, and is given the result of then.

    # ---------------------------------------------------------------- as `Speaker`, for this reply

    def owe(self, words: str) -> None:
        """Before anything of the vendor's: what the caller must hear to its end, by a voice."""
        piece = _Piece(ended=True)
        self._pieces.append(piece)
        self._give(piece, [words], exact=True)

    def add(self, index: int, text: str, sound: str) -> bool:
        """The core has numbered a chunk; or it wants a sound while the vendor is silent. True for words that
        are for a voice to say."""
        if sound:
            self._sound(index, sound)
            return False
        chunk = next(chunk for chunk in self._given if chunk.index is None)
        assert chunk.text == text, "chunks are numbered in order"
        chunk.index = index
        self._tell(chunk)
        return chunk.exact

    def made(self, index: int, duration_ms: int) -> None:
        """The voice has said it, or could not; what follows may be heard."""
        for piece in self._pieces:
            for chunk in piece.chunks:
                if chunk.exact and chunk.index == index:
                    chunk.told = True
                    piece.samples = duration_ms * self._owner.line.sample_rate_hz // 1000
        self._let_out()

    def start(self) -> None:
        self.audible = True
        self._let_out()

    def finish(self) -> None:
        self._complete = True
        self._let_out()

    def _let_out(self) -> None:
        if not self.audible or self._held:
            return
        for pcm in self._ready:
            self._play(pcm)
        self._ready.clear()
        if self._complete:
            self._owner.line.finish(self.id)

    def cut(self, heard_ms: int) -> None:
        """The caller heard so much and no more; the vendor is to remember it so."""
        if self._was_cut:
            return
        self._was_cut = True
        self.give_up()
        left_ms = heard_ms
        for piece in self._pieces:
            piece_ms = self._ms(piece)
            if piece.spoken and not (piece.ended and left_ms >= piece_ms):
                self._owner.cut(piece.spoken, max(0, left_ms))
            left_ms -= piece_ms

    # ---------------------------------------------------------------- as `ReplyInProgress`

    def confirm(self) -> None:
        """Never speculative."""

    def give_up(self) -> None:
        """No work of ours goes on: the session's owner says for how long it is listened to."""
        if not self.muted:
            self._owner.given_up(self)
            self.muted = True
            self._ready.clear()

    def cancel(self) -> None:
        self.muted = True

    def failed(self, reason: str) -> ReplyFailed:
        """What it means for the core that the vendor broke off: somebody can go on behind words, not behind
        sound."""
        for piece in self._spoken_pieces[-1:]:
            self._give(piece, self._chunker.cut())  # Its sound is out, or never will be.
        spoke = any(chunk.text and not chunk.exact for chunk in self._given)
        goes_on = True if spoke else msgspec.UNSET
        at_ms = self._owner.line.now_ms
        return ReplyFailed(at_ms=at_ms, reply_id=self.id, reason=reason, goes_on=goes_on)

    # ---------------------------------------------------------------- chunks and their sound

    def _piece(self, spoken: str) -> _Piece | None:
        return next((piece for piece in self._pieces if piece.spoken == spoken), None)

    def _ms(self, piece: _Piece) -> int:
        return piece.samples * 1000 // self._owner.line.sample_rate_hz

    @property
    def _held(self) -> bool:
        """Words of ours come first, and are not there yet."""
        return any(chunk.exact and not chunk.told for chunk in self._given)

    def _hear(self, pcm: bytes) -> None:
        if self.audible and not self._held:
            self._play(pcm)
        else:
            self._ready.append(pcm)

    def _play(self, pcm: bytes) -> None:
        line = self._owner.line
        line.play(self.id, pcm)
        begin_ms = max(self.sound_until_ms, line.now_ms)
        self.sound_until_ms = begin_ms + len(pcm) * 500 // line.sample_rate_hz

    def _give(self, piece: _Piece, texts: Sequence[str], *, exact: bool = False) -> None:
        for text in texts:
            chunk = _Chunk(text, exact=exact)
            piece.chunks.append(chunk)
            self._given.append(chunk)
            index = len(self._given) - 1
            at_ms = self._owner.line.now_ms
            self._owner.post(
                ReplyText(at_ms=at_ms, reply_id=self.id, index=index, text=text, uninterruptible=exact)
            )

    def _sound(self, index: int, name: str) -> None:
        pcm = SOUNDS[name](self._owner.line.sample_rate_hz)
        piece = _Piece(samples=len(pcm) // 2, ended=True)
        self._pieces.append(piece)
        self._hear(pcm)
        self._tell(_Chunk("", index=index, duration_ms=self._ms(piece)))

    def _measure(self, piece: _Piece) -> None:
        """The chunks of a complete piece share its sound by the length of their words."""
        weights = [saying.weight(chunk.text) for chunk in piece.chunks]
        total, total_ms = sum(weights), self._ms(piece)
        so_far = begin_ms = 0
        for number, (chunk, weight) in enumerate(zip(piece.chunks, weights, strict=True), start=1):
            so_far += weight
            last = number == len(weights)
            end_ms = total_ms if last else total_ms * so_far // max(1, total)
            chunk.duration_ms, begin_ms = end_ms - begin_ms, end_ms
            self._tell(chunk)

    def _tell(self, chunk: _Chunk) -> None:
        """Once both are known: the core's number, and how long it lasts."""
        if chunk.index is None or chunk.duration_ms is None or chunk.told:
            return
        chunk.told = True
        self._owner.post(
            ChunkSynthesized(
                at_ms=self._owner.line.now_ms,
                reply_id=self.id,
                index=chunk.index,
                duration_ms=chunk.duration_ms,
            )
        )
