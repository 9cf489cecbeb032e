"""The same doubles as a process of their own, behind real sockets.

    python benchmarks/load/vendors.py --port 8104

Speech both ways over WebSocket at PORT (/stt, /tts), a chat-completions endpoint that streams at PORT + 1.
STT takes binary linear PCM and "started" / "finalize", and gives {"segment", "text", "final"}. TTS takes
{"id", "text"} and gives binary messages of 100 ms (four bytes of id, then PCM) and {"done": id}.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "src"))

import picows
import uvloop
from benchmarks.load.doubles import HearingDouble
from benchmarks.load.script import TOKENS, Pace, chunks_for, pace_from, tone

from antiphon.speech.ports import SttConfig, SttEvent, Transcript

PIECE_MS = 100


class HearingSocket(picows.WSListener):
    """One call's recogniser."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._stream = HearingDouble(pace).open(SttConfig(sample_rate_hz=8000), self._emit)
        self._transport: picows.WSTransport | None = None

    def on_ws_connected(self, transport: picows.WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is picows.WSMsgType.BINARY:
            self._stream.push(frame.get_payload_as_bytes())
        elif frame.msg_type is picows.WSMsgType.TEXT:
            match frame.get_payload_as_ascii_text():
                case "started":
                    self._stream.speech_started()
                case "finalize":
                    self._stream.speech_stopped()
                case "committed":
                    self._stream.turn_committed()
        elif frame.msg_type is picows.WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def _emit(self, heard: SttEvent) -> None:
        if self._transport is not None and isinstance(heard, Transcript):
            told = {"segment": heard.segment, "text": heard.text, "final": heard.final}
            self._transport.send(picows.WSMsgType.TEXT, json.dumps(told).encode())


class SpeakingSocket(picows.WSListener):
    """Requests of many calls on one connection."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._ttfb_s = pace.tts_ttfb_ms / 1000
        self._second = tone(1000)

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type is picows.WSMsgType.TEXT:
            asked = json.loads(frame.get_payload_as_utf8_text())
            asyncio.get_running_loop().call_later(self._ttfb_s, self._speak, transport, asked)
        elif frame.msg_type is picows.WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def _speak(self, transport: picows.WSTransport, asked: dict[str, object]) -> None:
        left = chunks_for(str(asked["text"])) * 320
        head = struct.pack("<I", asked["id"])
        while left > 0:
            piece = self._second[: min(left, PIECE_MS * 16)]
            transport.send(picows.WSMsgType.BINARY, head + piece)
            left -= len(piece)
        transport.send(picows.WSMsgType.TEXT, json.dumps({"done": asked["id"]}).encode())


class ModelServer(asyncio.Protocol):
    """HTTP/1.1 with kept connections, just enough of it: every POST is answered by the reply as a stream."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._received[:end]).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self._received) < end + 4 + length:
                return
            del self._received[: end + 4 + length]
            self._begin()

    def _begin(self) -> None:
        self._write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        asyncio.get_running_loop().call_later(self._pace.llm_ttft_ms / 1000, self._token, 0)

    def _token(self, number: int) -> None:
        gap_s = 1 / self._pace.llm_tps if self._pace.llm_tps else 0.0
        while number < len(TOKENS):
            self._event({"delta": {"content": TOKENS[number]}, "finish_reason": None})
            number += 1
            if gap_s and number < len(TOKENS):
                asyncio.get_running_loop().call_later(gap_s, self._token, number)
                return
        self._event({"delta": {}, "finish_reason": "stop"})
        self._chunk(b"data: [DONE]\n\n")
        self._write(b"0\r\n\r\n")

    def _event(self, choice: dict[str, object]) -> None:
        event = {
            "id": "double", "object": "chat.completion.chunk", "created": 0, "model": "double",
            "choices": [{"index": 0, **choice}],
        }  # fmt: skip
        self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self._write(b"%x\r\n%s\r\n" % (len(data), data))

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


def _welcome(pace: Pace, request: picows.WSUpgradeRequest) -> picows.WSListener:
    return HearingSocket(pace) if request.path.startswith(b"/stt") else SpeakingSocket(pace)


async def serve(port: int, pace: Pace) -> None:
    loop = asyncio.get_running_loop()
    model = await loop.create_server(lambda: ModelServer(pace), "127.0.0.1", port + 1)
    speech = await picows.ws_create_server(lambda request: _welcome(pace, request), "127.0.0.1", port)
    async with model, speech:
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8104)
    uvloop.run(serve(parser.parse_args().port, pace_from()))


if __name__ == "__main__":
    main()
