"""A server that speaks streaming chat completions over real local HTTP, and misbehaves on demand.

Written from the API reference ("Chat completions", streaming chunks, read 2026-11): one `data:` line per
chunk, `data: [DONE]` at the end.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one request gets.

    Attributes:
        pieces: Text deltas.
        calls: (name, arguments as JSON text) of tool calls; the arguments are sent in two halves.
        status: HTTP status; anything but 200 sends an error body.
        code: The error's code.
        cut_after: Close the socket after this many chunks.
        hang: Send headers and then nothing, until the client goes away.
        garbage: A data line that is not JSON.
    """

    pieces: Sequence[str] = ()
    calls: Sequence[tuple[str, str]] = ()
    status: int = 200
    code: str = ""
    cut_after: int | None = None
    hang: bool = False
    garbage: bool = False


@dataclass
class OpenAiServer:
    """`answers` are given in order, the last one again and again. `requests` are the bodies received."""

    answers: list[Answer]
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # A client left while we hung.
    waiting: asyncio.Event = field(default_factory=asyncio.Event)  # We hang now.
    url: str = ""
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> OpenAiServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.gone.set()
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:] if line)
        }
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.requests.append(body)
        self.keys.append(headers.get("authorization", "").removeprefix("Bearer "))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.status != 200:
            error = json.dumps(
                {"error": {"message": "no", "type": "x", "code": answer.code or None}}
            ).encode()
            writer.write(
                f"HTTP/1.1 {answer.status} X\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(error)}\r\nConnection: close\r\n\r\n".encode()
                + error
            )
            await writer.drain()
            return
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        await writer.drain()
        if answer.hang:
            self.waiting.set()
            await reader.read(1)  # Returns when the client hangs up.
            self.gone.set()
            return
        await self._stream(writer, answer)

    async def _stream(self, writer: asyncio.StreamWriter, answer: Answer) -> None:
        events = [json.dumps(chunk) for chunk in _chunks(answer)] + ["[DONE]"]
        if answer.garbage:
            events.insert(1, "{this is not json")
        for number, event in enumerate(events):
            if answer.cut_after is not None and number >= answer.cut_after:
                writer.transport.abort()
                return
            line = f"data: {event}\n\n".encode()
            writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def _chunks(answer: Answer) -> list[dict[str, Any]]:
    chunks = [_chunk({"role": "assistant", "content": ""})]
    chunks += [_chunk({"content": piece}) for piece in answer.pieces]
    for index, (name, arguments) in enumerate(answer.calls):
        half = len(arguments) // 2
        start = {"index": index, "id": f"call_{index}", "type": "function"}
        chunks.append(
            _chunk({"tool_calls": [{**start, "function": {"name": name, "arguments": arguments[:half]}}]})
        )
        chunks.append(_chunk({"tool_calls": [{"index": index, "function": {"arguments": arguments[half:]}}]}))
    chunks.append(_chunk({}, finish="tool_calls" if answer.calls else "stop"))
    usage = {"prompt_tokens": 120, "completion_tokens": 9, "total_tokens": 129,
             "prompt_tokens_details": {"cached_tokens": 100}}  # fmt: skip
    chunks.append(
        {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [],
            "usage": usage,
        }
    )
    return chunks


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
