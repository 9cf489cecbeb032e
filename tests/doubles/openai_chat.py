"""OpenAI's chat completions, streaming, and the ways its compatible hosts differ; checked against the openai
package's types.

Source: the package's `types.chat` (3.54) and the hosts' pages named in `docs/providers/openai-compatible.md`,
read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openai.types.chat import ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
from tests.doubles.faults import Fault, Faulty
from tests.doubles.http_vendor import HttpAnswer, HttpRequest, event_stream, json_answer
from tests.doubles.language_model import KEY, Asked, Called, Scripted, Thought, Tokens, Turn
from tests.doubles.typed import check


@dataclass(frozen=True, kw_only=True)
class OpenAiChat:
    """A `Dialect`.

    Attributes:
        path: Where the host serves it.
        extra: Fields the host adds to requests. refused: Fields it answers with 400.
        thoughts: Field of a delta that carries reasoning; "think" puts it into the text between tags.
        usage: Where the host says what it cost: "openai", "deepseek" or "groq".
        indexed: Tool calls carry their index; some servers leave it out and send each call whole.
    """

    path: str = "/v1/chat/completions"
    extra: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    thoughts: str = "reasoning_content"
    usage: str = "openai"
    indexed: bool = True

    def asked(self, request: HttpRequest) -> Asked:
        assert request.path == self.path, request.path
        assert request.headers.get("authorization") == f"Bearer {KEY}", "no key, or another"
        body = request.json
        check(_without_thoughts(body), CompletionCreateParamsStreaming, extra=self.extra)
        assert not self.refused & body.keys(), f"the host refuses {self.refused & body.keys()}"
        assert body["stream"] is True and body["stream_options"] == {"include_usage": True}
        messages = body["messages"]
        return Asked(
            model=body["model"],
            system=messages[0]["content"] if messages[0]["role"] == "system" else "",
            turns=tuple(_turns(messages)),
            tools={
                item["function"]["name"]: item["function"]["parameters"] for item in body.get("tools", [])
            },
        )

    def answer(self, asked: Asked, scripted: Scripted) -> HttpAnswer:
        pieces = [_line(json.dumps(chunk)) for chunk in self._chunks(scripted)]
        pieces.insert(1, b": keep-alive\n\n")  # Comments are no messages; hosts send them while we queue.
        return event_stream([*pieces, _line("[DONE]")], stall_after=scripted.stall_after)

    def refusal(self, fault: Fault, faulty: Faulty) -> HttpAnswer:
        match fault:
            case Fault.RATE_LIMIT:
                return _error(429, "rate_limit_exceeded", {"retry-after": str(faulty.retry_after_s)})
            case Fault.AUTH:
                return _error(401, "invalid_api_key")
            case Fault.CLOSE_CODE:  # A host that fails after its headers says so inside the stream.
                error = {"error": {"message": "overloaded", "type": "server_error", "code": "overloaded"}}
                return event_stream([_line(json.dumps(error))])
            case _:
                return self.answer(Asked(model="", system="", turns=(), tools={}), Scripted())

    def malformed(self) -> bytes:
        return _line("{this is not json")

    def _chunks(self, scripted: Scripted) -> Iterator[dict[str, Any]]:
        yield _chunk({"role": "assistant", "content": ""})
        calls = 0
        for part in scripted.parts:
            if isinstance(part, Called):
                yield from self._call(part, calls)
                calls += 1
            elif isinstance(part, Thought):
                yield from self._thought(part)
            else:
                yield _chunk({"content": part})
        if scripted.unfinished:
            return
        finish = "length" if scripted.length else "tool_calls" if calls else "stop"
        last = _chunk({}, finish)
        bill = _bill(scripted.tokens)
        if self.usage == "groq":
            yield {**last, "x_groq": {"id": "req_1", "usage": bill}}
            return
        yield last
        if self.usage == "deepseek":
            del bill["prompt_tokens_details"]
            bill["prompt_cache_hit_tokens"] = scripted.tokens.cached
            bill["prompt_cache_miss_tokens"] = scripted.tokens.prompt - scripted.tokens.cached
        yield {**_chunk(None), "usage": bill}

    def _call(self, part: Called, index: int) -> Iterator[dict[str, Any]]:
        start = {"id": f"call_{index}", "type": "function"}
        if not self.indexed:
            whole = {**start, "function": {"name": part.name, "arguments": part.arguments}}
            yield _chunk({"tool_calls": [whole]}, checked=False)
            return
        half = len(part.arguments) // 2
        first = {"index": index, **start, "function": {"name": part.name, "arguments": part.arguments[:half]}}
        yield _chunk({"tool_calls": [first]})
        rest = {"index": index, "function": {"arguments": part.arguments[half:]}}
        yield _chunk({"tool_calls": [rest]})

    def _thought(self, part: Thought) -> Iterator[dict[str, Any]]:
        if self.thoughts != "think":
            yield _chunk({"content": None, self.thoughts: part.text})
            return
        for piece in ("<th", "ink>", part.text, "</", "think>"):  # Tags fall apart into tokens.
            yield _chunk({"content": piece})


def _bill(tokens: Tokens) -> dict[str, Any]:
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.prompt + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": tokens.written},
    }


def _chunk(
    delta: dict[str, Any] | None, finish: str | None = None, *, checked: bool = True
) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
    if checked:
        ChatCompletionChunk.model_validate(chunk)
    return chunk


def _line(data: str) -> bytes:
    return f"data: {data}\n\n".encode()


def _error(status: int, code: str, headers: dict[str, str] | None = None) -> HttpAnswer:
    return json_answer(status, {"error": {"message": "no", "type": "x", "code": code}}, headers)


def _without_thoughts(body: dict[str, Any]) -> dict[str, Any]:
    """Hosts take back the reasoning of a message; OpenAI's types do not know it."""
    messages = [
        {key: value for key, value in message.items() if key not in {"reasoning_content", "reasoning"}}
        for message in body["messages"]
    ]
    return {**body, "messages": messages}


def _turns(messages: list[dict[str, Any]]) -> Iterator[Turn]:
    pending: dict[str, str] = {}
    for message in messages:
        role = message["role"]
        if role == "tool":
            name = pending.pop(message["tool_call_id"])
            yield Turn(role="tool", text=message["content"], answers=name)
            continue
        assert not pending, f"calls without results: {pending}"
        calls = message.get("tool_calls", [])
        pending = {call["id"]: call["function"]["name"] for call in calls}
        if message is messages[0] and role == "system":
            continue
        yield Turn(
            # A later system message stands where it is; to the model's eye it is no one's turn.
            role="user" if role == "system" else role,
            text=message.get("content") or "",
            calls=tuple(
                (call["function"]["name"], _arguments(call["function"]["arguments"])) for call in calls
            ),
            returned=message.get("reasoning_content") or message.get("reasoning") or "",
        )
    assert not pending, f"calls without results: {pending}"


def _arguments(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"malformed": text}
