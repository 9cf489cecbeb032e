"""Cartesia's Sonic speaking on `/tts/websocket`. Speaks coded speech.

Written from the event types of cartesia 4.2.0, against which every message is checked, both ways, and from
the pages "Contexts" and "API errors" (read 2026-11-25).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cartesia.types import websocket_response as events
from cartesia.types.generation_request_param import GenerationRequestParam
from cartesia.types.websocket_client_event_param import CancelContextRequest
from tests.doubles.contexts_double import ContextsDouble, Piece, Sentence, contexts_messages
from tests.doubles.faults import Fault
from tests.doubles.sdk_types import checked
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor
from tests.doubles.typed import check


@dataclass
class CartesiaTongue:
    """A `Tongue`.

    Attributes:
        dates_late: Word times come behind the sound they belong to, not before it.
        splits_marks: Punctuation comes as words of its own.
    """

    dates_late: bool = True
    splits_marks: bool = False

    async def talk(self, peer: Peer, double: ContextsDouble) -> None:
        async for message in contexts_messages(peer):
            if "cancel" in message:
                check(message, CancelContextRequest)
                double.cancel(message["context_id"])
                continue
            check(message, GenerationRequestParam)
            assert message["continue"] is False, "it would wait for more"
            assert message["output_format"]["encoding"] == "pcm_s16le"
            speed = message.get("generation_config", {}).get("speed", 1.0)
            assert 0.6 <= speed <= 1.5
            sentence = Sentence(
                context=message["context_id"],
                text=message["transcript"],
                voice=f"{message['model_id']}/{message['voice']['id']}",
                speed=speed,
                rate_hz=message["output_format"]["sample_rate"],
            )
            double.say(peer, sentence)

    def sound(self, sentence: Sentence, piece: Piece) -> list[Mapping[str, Any]]:
        common = {"context_id": sentence.context, "done": False, "status_code": 206}
        data = base64.b64encode(piece.pcm).decode()
        chunk = checked(events.Chunk, {**common, "type": "chunk", "data": data, "step_time": 12.5})
        if not piece.words:
            return [chunk]
        words = [(word.text, word.start_ms / 1000, word.end_ms / 1000) for word in piece.words]
        if self.splits_marks:
            words = [token for text, start, end in words for token in ((text, start, end), (",", end, end))]
        dated = {
            "words": [text for text, _, _ in words],
            "start": [start for _, start, _ in words],
            "end": [end for _, _, end in words],
        }
        times = checked(events.Timestamps, {**common, "type": "timestamps", "word_timestamps": dated})
        return [chunk, times] if self.dates_late else [times, chunk]

    def end(self, context: str) -> list[Mapping[str, Any]]:
        done = {"type": "done", "context_id": context, "done": True, "status_code": 200}
        return [checked(events.Done, done)]

    def refusal(self, fault: Fault, context: str) -> Mapping[str, Any]:
        status, code = {Fault.AUTH: (401, "unauthorized"), Fault.RATE_LIMIT: (429, "concurrency_limited")}[
            fault
        ]
        said = {"title": "No", "message": "no", "request_id": "r", "context_id": context}
        error = {"type": "error", "done": True, "status_code": status, "error_code": code, **said}
        return checked(events.Error, error)


def cartesia_speech(tongue: CartesiaTongue | None = None, **settings: Any) -> ContextsDouble:
    async def talk(peer: Peer) -> None:
        await double.talk(peer)

    vendor = SocketVendor(
        talk=talk,
        authorised=lambda headers, query: headers.get("Authorization") == f"Bearer {KEY}",
        check=_check,
        close_code=(1011, "internal error"),
        malformed='{"type": "chunk", "data": ',
        **settings,
    )
    double = ContextsDouble(tongue=tongue or CartesiaTongue(), vendor=vendor)
    return double


def _check(peer: Peer) -> None:
    assert peer.path == "/tts/websocket"
    assert peer.headers.get("cartesia-version"), "every request names the version of the API"
