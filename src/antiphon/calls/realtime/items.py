"""Conversation items of one session: what was said, asked and answered, as the client knows it by id."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

KEPT_MAX = 500  # An hour of conversation; who asks for an older one is told that there is none.


class Items:
    """The newest items by id, in order."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._last = ""
        self._made = 0

    @property
    def last(self) -> str | None:
        return self._last or None

    def new_id(self) -> str:
        self._made += 1
        return f"item_{self._made}"

    def add(self, item: dict[str, Any]) -> str | None:
        """Behind the last one, whose id it gives."""
        before = self.last
        self._last = item["id"]
        self._items[self._last] = item
        while len(self._items) > KEPT_MAX:
            self._items.popitem(last=False)
        return before

    def get(self, item_id: str) -> dict[str, Any] | None:
        return self._items.get(item_id)

    def remove(self, item_id: str) -> None:
        self._items.pop(item_id, None)
        if item_id == self._last:
            self._last = next(reversed(self._items), "")


def message(item_id: str, role: str, content: list[dict[str, Any]], status: str) -> dict[str, Any]:
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "message",
        "role": role,
        "status": status,
        "content": content,
    }


def said(item_id: str, transcript: str, status: str) -> dict[str, Any]:
    """The agent's."""
    content = [{"type": "output_audio", "transcript": transcript}] if transcript else []
    return message(item_id, "assistant", content, status)


def spoken(item_id: str, transcript: str | None) -> dict[str, Any]:
    """The caller's."""
    return message(item_id, "user", [{"type": "input_audio", "transcript": transcript}], "completed")


def written(item_id: str, text: str) -> dict[str, Any]:
    return message(item_id, "user", [{"type": "input_text", "text": text}], "completed")


def function_call(item_id: str, call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {
        "id": item_id,
        "object": "realtime.item",
        "type": "function_call",
        "status": "completed",
        "call_id": call_id,
        "name": name,
        "arguments": arguments,
    }


def tool_of_ours(item_id: str, name: str, arguments: str, output: str | None = None) -> dict[str, Any]:
    """A tool that runs on our side, as the protocol has it: nobody but us is to answer it."""
    return {
        "id": item_id,
        "type": "mcp_call",
        "server_label": "antiphon",
        "name": name,
        "arguments": arguments,
        "output": output,
    }
