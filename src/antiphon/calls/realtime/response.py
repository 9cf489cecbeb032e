"""One response as the client is told it: created, its items with words and audio, done.

A reply of the agent is one response, unless a tool of the client's comes between: then the response ends with
the call, and what follows is another. Fillers are items of the response they cover.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from antiphon.calls.realtime import items as shapes
from antiphon.calls.realtime.items import Items
from antiphon.calls.realtime.wire import audio_place

Emit = Callable[[str, Mapping[str, Any]], None]


@dataclass(slots=True)
class SpokenItem:
    """A message of the agent under way. `audio_bytes` are on the wire."""

    id: str
    index: int
    place: bytes
    words: str = ""
    audio_bytes: int = 0
    done: bool = False


@dataclass(slots=True)
class Usage:
    """Tokens of models, as the trace counts them."""

    amounts: dict[str, int] = field(default_factory=dict)

    def take(self, fields: Mapping[str, object]) -> None:
        for name, count in fields.items():
            if name.endswith("_tokens") and isinstance(count, int):
                self.amounts[name] = self.amounts.get(name, 0) + count

    def shown(self) -> dict[str, Any]:
        found = self.amounts.get
        given, made = found("input_tokens", 0), found("output_tokens", 0)
        heard, spoken = found("input_audio_tokens", 0), found("output_audio_tokens", 0)
        return {
            "total_tokens": given + made,
            "input_tokens": given,
            "output_tokens": made,
            "input_token_details": {
                "text_tokens": max(0, given - heard),
                "audio_tokens": heard,
                "cached_tokens": found("cached_tokens", 0),
            },
            "output_token_details": {"text_tokens": max(0, made - spoken), "audio_tokens": spoken},
        }


class Response:
    """Args: reply_id: whose it is; "" for audio that is no reply of ours (a person on the line)."""

    def __init__(
        self, number: int, reply_id: str, emit: Emit, items: Items, audio: Mapping[str, Any]
    ) -> None:
        self.id = f"resp_{number}"
        self.reply_id = reply_id
        self.usage = Usage()
        self._emit, self._items, self._audio = emit, items, audio
        self._spoken: dict[str, SpokenItem] = {}  # By reply: a filler is one too.
        self._output: list[dict[str, Any]] = []
        self._ended = False
        emit("response.created", {"response": self._shown("in_progress")})

    def _shown(self, status: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "realtime.response",
            "status": status,
            "output": list(self._output),
            "output_modalities": ["audio"],
            "conversation_id": "conv_1",
            "audio": {"output": dict(self._audio)},
        }

    def say(self, reply_id: str, words: str) -> None:
        item = self._item(reply_id)
        delta = f" {words}" if item.words else words
        item.words += delta
        self._emit("response.output_audio_transcript.delta", {**self._at(item), "delta": delta})

    def sounds(self, reply_id: str) -> SpokenItem:
        """The item that audio of this reply belongs to."""
        return self._item(reply_id)

    def _item(self, reply_id: str) -> SpokenItem:
        item = self._spoken.get(reply_id)
        if item is not None and not item.done:
            return item
        item_id, index = self._items.new_id(), len(self._output)
        item = self._spoken[reply_id] = SpokenItem(item_id, index, audio_place(self.id, item_id, index))
        self._begin(shapes.said(item_id, "", "in_progress"))
        self._emit("response.content_part.added", {**self._at(item), "part": _part("")})
        return item

    def _begin(self, shape: dict[str, Any]) -> None:
        index = len(self._output)
        self._output.append(shape)
        self._emit("response.output_item.added", self._of_item(shape, index))
        before = self._items.add(shape)
        self._emit("conversation.item.added", {"item": shape, "previous_item_id": before})

    def _finish(self, shape: dict[str, Any], index: int) -> None:
        before = self._output[index - 1]["id"] if index else None
        self._output[index] = shape
        if not self._ended:
            self._emit("response.output_item.done", self._of_item(shape, index))
        kept = self._items.get(shape["id"])
        if kept is not None:
            kept.update(shape)
        self._emit("conversation.item.done", {"item": shape, "previous_item_id": before})

    def _of_item(self, shape: dict[str, Any], index: int) -> dict[str, Any]:
        return {"response_id": self.id, "output_index": index, "item": shape}

    def _at(self, item: SpokenItem) -> dict[str, Any]:
        return {
            "response_id": self.id,
            "item_id": item.id,
            "output_index": item.index,
            "content_index": 0,
        }

    def heard(self, reply_id: str, text: str, *, complete: bool) -> None:
        """The reply is over: of one that was cut, the words end where the ear did."""
        item = self._spoken.get(reply_id)
        if item is None or item.done:
            return
        item.done = True
        words = item.words if complete else text
        at = self._at(item)
        if item.audio_bytes:
            self._emit("response.output_audio.done", at)
        self._emit("response.output_audio_transcript.done", {**at, "transcript": words})
        self._emit("response.content_part.done", {**at, "part": _part(words)})
        status = "completed" if complete else "incomplete"
        self._finish(shapes.said(item.id, words, status), item.index)

    def asks(self, call_id: str, name: str, arguments: str) -> None:
        """A function of the client's is called."""
        shape = shapes.function_call(self._items.new_id(), call_id, name, arguments)
        index = len(self._output)
        self._begin({**shape, "status": "in_progress", "arguments": ""})
        at = {"response_id": self.id, "item_id": shape["id"], "output_index": index, "call_id": call_id}
        self._emit("response.function_call_arguments.delta", {**at, "delta": arguments})
        self._emit("response.function_call_arguments.done", {**at, "name": name, "arguments": arguments})
        self._finish(shape, index)

    def runs(self, name: str, arguments: str) -> tuple[str, int]:
        """A tool on our side is at work; gives its item and place for `ran`."""
        item_id, index = self._items.new_id(), len(self._output)
        self._begin(shapes.tool_of_ours(item_id, name, arguments))
        at = {"item_id": item_id, "output_index": index}
        self._emit("response.mcp_call_arguments.done", {**at, "response_id": self.id, "arguments": arguments})
        self._emit("response.mcp_call.in_progress", at)
        return item_id, index

    def ran(self, item: tuple[str, int], result: str, *, ok: bool) -> None:
        item_id, index = item
        if not self._ended:  # An effect outlives the response that was cut; its item tells how it ended.
            kind = "response.mcp_call.completed" if ok else "response.mcp_call.failed"
            self._emit(kind, {"item_id": item_id, "output_index": index})
        begun = self._output[index]
        self._finish(shapes.tool_of_ours(item_id, begun["name"], begun["arguments"], result), index)

    def end(self, status: str, reason: str = "") -> None:
        """Everything still open is closed as it stands. `reason` as the protocol has them, or "failed"."""
        for reply_id, item in list(self._spoken.items()):
            if not item.done:
                self.heard(reply_id, item.words, complete=status == "completed")
        self._ended = True
        details: dict[str, Any] | None = None
        if status == "failed":
            details = {"type": "failed", "error": {"type": "server_error", "code": "reply_failed"}}
        elif reason:
            details = {"type": status, "reason": reason}
        shown = {**self._shown(status), "status_details": details, "usage": self.usage.shown()}
        self._emit("response.done", {"response": shown})


def _part(transcript: str) -> dict[str, Any]:
    return {"type": "audio", "transcript": transcript}
