"""Anthropic's Messages API, streaming: named events, checked against the anthropic package's types.

Source: the package's `types` (2.14) and the vendor's pages on streaming and prompt caching, read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from anthropic import types
from anthropic.types.message_create_params import (
    MessageCreateParamsNonStreaming,
    MessageCreateParamsStreaming,
)
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest, event_stream, json_answer
from tests.doubles.language_model import KEY, Asked, Called, Scripted, Thought, Turn
from tests.doubles.typed import check

MARKS_MAX = 4
SIGNATURE = "signed-by-the-vendor"


class AnthropicMessages:
    """A `Dialect`."""

    def asked(self, request: HttpRequest) -> Asked:
        assert request.path == "/v1/messages", request.path
        # From 2.14 on the SDK sends a key as a bearer's; before, in a header of the vendor's own.
        keys = {request.headers.get("authorization"), request.headers.get("x-api-key")}
        assert keys & {f"Bearer {KEY}", KEY}, "no key, or another"
        assert request.headers.get("anthropic-version"), "no version"
        body = request.json
        if body["max_tokens"]:
            check(body, MessageCreateParamsStreaming)
        else:  # Nothing to generate: the vendor only reads, and there is nothing to stream.
            check(body, MessageCreateParamsNonStreaming)
            assert not body.get("stream")
        system = body.get("system", [])
        tools = body.get("tools", [])
        assert all(tool["input_schema"]["type"] == "object" for tool in tools)
        asked = Asked(
            model=body["model"],
            system="\n".join(block["text"] for block in system),
            system_marked=any("cache_control" in block for block in system),
            tools={tool["name"]: tool["input_schema"] for tool in tools},
            tools_marked=any("cache_control" in tool for tool in tools),
            turns=tuple(_turns(body["messages"])),
            reads_only=body["max_tokens"] == 0,
        )
        assert json.dumps(body).count('"cache_control"') == asked.marks <= MARKS_MAX, "too many breakpoints"
        return asked

    def answer(self, asked: Asked, scripted: Scripted) -> HttpAnswer:
        if asked.reads_only:
            usage = _start(scripted).message.usage.model_copy(update={"output_tokens": 0})
            message = _start(scripted).message.model_copy(
                update={"usage": usage, "stop_reason": "max_tokens"}
            )
            return json_answer(200, json.loads(message.model_dump_json(exclude_none=True)))
        return event_stream([_event(item) for item in _events(scripted)], stall_after=scripted.stall_after)

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        match fault:
            case Fault.RATE_LIMIT:
                return _error(429, "rate_limit_error", {"retry-after": str(faulty.retry_after_s)})
            case Fault.AUTH:
                return _error(401, "authentication_error")
            case Fault.CLOSE_CODE:  # Overload is told inside a stream that began well.
                start = _event(_start(Scripted()))
                error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
                return event_stream([start, f"event: error\ndata: {json.dumps(error)}\n\n".encode()])
            case _:
                return self.answer(Asked(model="", system="", turns=(), tools={}), Scripted())

    def malformed(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": \n\n'


def _error(status: int, kind: str, headers: dict[str, str] | None = None) -> HttpAnswer:
    return json_answer(status, {"type": "error", "error": {"type": kind, "message": "no"}}, headers)


def _event(item: Any) -> bytes:
    return f"event: {item.type}\ndata: {item.model_dump_json(exclude_none=True)}\n\n".encode()


def _start(scripted: Scripted) -> types.RawMessageStartEvent:
    tokens = scripted.tokens
    return types.RawMessageStartEvent(
        type="message_start",
        message=types.Message(
            id="msg_1", type="message", role="assistant", model="claude", content=[],
            usage=types.Usage(
                input_tokens=tokens.prompt - tokens.cached - tokens.written,
                cache_read_input_tokens=tokens.cached,
                cache_creation_input_tokens=tokens.written,
                output_tokens=1,
            ),
        ),
    )  # fmt: skip


def _events(scripted: Scripted) -> Iterator[Any]:
    yield _start(scripted)
    index = -1
    texting = False
    for part in scripted.parts:
        if not (texting and isinstance(part, str)):
            if texting:
                yield types.RawContentBlockStopEvent(type="content_block_stop", index=index)
            index += 1
            yield _opening(part, index)
        texting = isinstance(part, str)
        for delta in _deltas(part):
            yield types.RawContentBlockDeltaEvent(type="content_block_delta", index=index, delta=delta)
        if not texting:
            yield types.RawContentBlockStopEvent(type="content_block_stop", index=index)
    if texting:
        yield types.RawContentBlockStopEvent(type="content_block_stop", index=index)
    if scripted.unfinished:
        return
    yield types.RawMessageDeltaEvent(
        type="message_delta",
        delta=types.raw_message_delta_event.Delta(stop_reason=_stop_reason(scripted)),
        usage=types.MessageDeltaUsage(output_tokens=scripted.tokens.output),
    )
    yield types.RawMessageStopEvent(type="message_stop")


def _stop_reason(scripted: Scripted) -> Any:
    if scripted.length:
        return "max_tokens"
    return "tool_use" if any(isinstance(part, Called) for part in scripted.parts) else "end_turn"


def _opening(part: str | Called | Thought, index: int) -> types.RawContentBlockStartEvent:
    block: Any
    match part:
        case str():
            block = types.TextBlock(type="text", text="")
        case Thought():
            block = types.ThinkingBlock(type="thinking", thinking="", signature="")
        case Called():
            block = types.ToolUseBlock(type="tool_use", id=f"toolu_{index}", name=part.name, input={})
    return types.RawContentBlockStartEvent(type="content_block_start", index=index, content_block=block)


def _deltas(part: str | Called | Thought) -> list[Any]:
    match part:
        case str():
            return [types.TextDelta(type="text_delta", text=part)]
        case Thought():
            return [
                types.ThinkingDelta(type="thinking_delta", thinking=part.text),
                types.SignatureDelta(type="signature_delta", signature=SIGNATURE),
            ]
        case Called():
            if part.arguments == "{}":
                return []  # Without arguments the vendor sends no delta at all.
            half = len(part.arguments) // 2
            return [
                types.InputJSONDelta(type="input_json_delta", partial_json=text)
                for text in ("", part.arguments[:half], part.arguments[half:])
            ]


def _turns(messages: list[dict[str, Any]]) -> Iterator[Turn]:
    assert messages[0]["role"] == "user", "a conversation begins with the user"
    assert messages[-1]["role"] == "user", "prefill is not supported"
    pending: dict[str, str] = {}  # Calls that must be answered in the very next message.
    for message in messages:
        content = message["content"]
        assert isinstance(content, list) and content, "empty content"
        results = {block["tool_use_id"] for block in content if block["type"] == "tool_result"}
        assert results == pending.keys(), f"calls {set(pending)} were answered by {results}"
        kinds = [block["type"] for block in content]
        assert "tool_result" not in kinds[len(results) :], "results come first in their message"
        for block in content:
            if block["type"] == "tool_result":
                yield Turn(
                    role="tool", text=block["content"], answers=pending[block["tool_use_id"]],
                    marked="cache_control" in block,
                )  # fmt: skip
        pending = {block["id"]: block["name"] for block in content if block["type"] == "tool_use"}
        if results and len(kinds) == len(results):
            continue
        yield _turn(message["role"], [block for block in content if block["type"] != "tool_result"])
    assert not pending, "a call without its result"


def _turn(role: str, blocks: list[dict[str, Any]]) -> Turn:
    texts = [block["text"] for block in blocks if block["type"] == "text"]
    assert all(text.strip() for text in texts), "empty text"
    thoughts = [block for block in blocks if block["type"] in {"thinking", "redacted_thinking"}]
    assert blocks[: len(thoughts)] == thoughts, "thinking comes first in its message"
    return Turn(
        role=role,
        text="".join(texts),
        calls=tuple((block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"),
        returned=json.dumps(thoughts) if thoughts else "",
        marked=any("cache_control" in block for block in blocks),
    )
