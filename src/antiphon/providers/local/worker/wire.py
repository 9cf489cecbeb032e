"""Messages between media and inference worker: four bytes of length (little-endian), then msgpack.

`id` is chosen by the client, names one request or one speech stream, and is never used again on a connection.
"""

from __future__ import annotations

import asyncio

import msgspec

MAX_FRAME_BYTES = 16 << 20
_LENGTH_BYTES = 4


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Root of all messages; the class name travels as the tag."""


class Open(_Message, frozen=True, kw_only=True):
    """Begin a speech-to-text stream; answered by `Heard` as words come."""

    id: int
    name: str
    sample_rate_hz: int
    language: str
    vocabulary: tuple[str, ...]


class Push(_Message, frozen=True, kw_only=True):
    id: int
    pcm: bytes


class SpeechStarted(_Message, frozen=True, kw_only=True):
    id: int


class SpeechStopped(_Message, frozen=True, kw_only=True):
    id: int


class TurnCommitted(_Message, frozen=True, kw_only=True):
    id: int


class Expect(_Message, frozen=True, kw_only=True):
    id: int
    phrases: tuple[str, ...]


class Close(_Message, frozen=True, kw_only=True):
    id: int


class Synthesize(_Message, frozen=True, kw_only=True):
    """Answered by any number of `Audio` and one `Done` or `Failed`."""

    id: int
    name: str
    text: str
    voice: str
    sample_rate_hz: int
    language: str
    speed: float
    ssml: str = ""


class Score(_Message, frozen=True, kw_only=True):
    """Answered by `Scored` or `Failed`. What nobody waits for after `deadline_ms` is not worth computing."""

    id: int
    pcm: bytes
    sample_rate_hz: int
    deadline_ms: int


class Encode(_Message, frozen=True, kw_only=True):
    """Answered by `Encoded` or `Failed`."""

    id: int
    sentences: tuple[str, ...]
    query: bool
    deadline_ms: int


class Count(_Message, frozen=True, kw_only=True):
    """Answered by `Counted`."""

    id: int


class Cancel(_Message, frozen=True, kw_only=True):
    """The answer to request `id` is not wanted any more; none will come."""

    id: int


class Ready(_Message, frozen=True, kw_only=True):
    """The first message on every connection: what this worker has loaded and warmed, by role."""

    speech_to_text: tuple[str, ...]
    text_to_speech: tuple[str, ...]
    end_of_turn: bool
    encoder: bool


class Heard(_Message, frozen=True, kw_only=True):
    id: int
    segment: int
    text: str
    final: bool
    confidence: float
    language: str
    word_ends_ms: tuple[int, ...]
    took_ms: int
    guess: bool = False


class Audio(_Message, frozen=True, kw_only=True):
    id: int
    pcm: bytes
    word_ends_ms: tuple[int, ...]


class Done(_Message, frozen=True, kw_only=True):
    id: int


class Scored(_Message, frozen=True, kw_only=True):
    id: int
    probability: float


class Encoded(_Message, frozen=True, kw_only=True):
    """Row-major float32 vectors, little-endian."""

    id: int
    dimension: int
    vectors: bytes


class Counted(_Message, frozen=True, kw_only=True):
    """How the worker fares. `waiting` jobs are in line for a thread; the rest are totals since it started."""

    id: int
    streams: int
    waiting: int
    jobs: int
    dropped_partials: int
    refused_jobs: int


class Failed(_Message, frozen=True, kw_only=True):
    """`kind` says who must act: "config", "unavailable", "rejected", "protocol"."""

    id: int
    kind: str
    provider: str
    message: str


FromClient = (
    Open | Push | SpeechStarted | SpeechStopped | TurnCommitted | Expect | Close | Synthesize | Score | Encode
    | Count | Cancel
)  # fmt: skip
FromWorker = Ready | Heard | Audio | Done | Scored | Encoded | Counted | Failed

_encoder = msgspec.msgpack.Encoder()
_client_decoder: msgspec.msgpack.Decoder[FromClient] = msgspec.msgpack.Decoder(FromClient)
_worker_decoder: msgspec.msgpack.Decoder[FromWorker] = msgspec.msgpack.Decoder(FromWorker)


class WireError(Exception):
    """The other side does not speak this language; the connection is of no use any more."""


def frame(message: _Message) -> bytes:
    body = _encoder.encode(message)
    assert len(body) <= MAX_FRAME_BYTES, "callers send seconds of audio, not minutes"
    return len(body).to_bytes(_LENGTH_BYTES, "little") + body


async def read_from_client(reader: asyncio.StreamReader) -> FromClient | None:
    """The next message, None at the end of the connection.

    Raises:
        WireError: Not one of our messages.
    """
    body = await _read_body(reader)
    try:
        return None if body is None else _client_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise WireError(str(error)) from error


async def read_from_worker(reader: asyncio.StreamReader) -> FromWorker | None:
    """As `read_from_client`, the other way."""
    body = await _read_body(reader)
    try:
        return None if body is None else _worker_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise WireError(str(error)) from error


async def _read_body(reader: asyncio.StreamReader) -> bytes | None:
    try:
        size_bytes = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "little")
        if size_bytes > MAX_FRAME_BYTES:
            raise WireError(f"a frame of {size_bytes} bytes")
        return await reader.readexactly(size_bytes)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
