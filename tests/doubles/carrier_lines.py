"""Five carriers as a session sees them: the documented messages of each, made and read without a socket, so
that one suite can hold all dialects to the same behaviour."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.doubles.switchboard import NotingSwitchboard

from antiphon.audio.ports import PHONE, WIDEBAND, LineFormat
from antiphon.calls.carriers import CARRIERS
from antiphon.calls.streams import Admission, CloseCode, StreamSession, StreamTokens

Message = dict[str, Any] | bytes  # bytes: a binary frame.
CALL = "call-of-the-carrier"


class Speech(Protocol):
    """One carrier's documented messages."""

    name: str
    line_format: LineFormat
    stops: bool  # Says when the stream is over.

    def start(self, parameters: dict[str, str], **changes: Any) -> Message: ...
    def wrong_codec(self) -> Message: ...
    def media(self, number: int, audio: bytes) -> Message: ...
    def mark(self, name: str) -> Message: ...
    def dtmf(self, digit: str) -> Message: ...
    def stop(self) -> Message: ...
    def read(self, message: Message) -> tuple[str, Any]:
        """("audio", bytes), ("mark", name) or ("clear", None)."""


@dataclass
class Twilio:
    name: str = "twilio"
    line_format: LineFormat = PHONE
    stops: bool = True
    encoding: str = "audio/x-mulaw"

    def start(self, parameters: dict[str, str], **changes: Any) -> Message:
        rate = self.line_format.sample_rate_hz
        body = {
            "streamSid": "MZ1",
            "callSid": CALL,
            "tracks": ["inbound"],
            "customParameters": parameters,
            "mediaFormat": {"encoding": self.encoding, "sampleRate": rate, "channels": 1},
        }
        return {"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": body | changes}

    def wrong_codec(self) -> Message:
        return self.start({}, mediaFormat={"encoding": "audio/opus", "sampleRate": 48000, "channels": 1})

    def media(self, number: int, audio: bytes) -> Message:
        media = {"track": "inbound", "chunk": str(number), "payload": b64encode(audio).decode()}
        return {"event": "media", "streamSid": "MZ1", "media": media}

    def mark(self, name: str) -> Message:
        return {"event": "mark", "streamSid": "MZ1", "mark": {"name": name}}

    def dtmf(self, digit: str) -> Message:
        return {"event": "dtmf", "streamSid": "MZ1", "dtmf": {"track": "inbound_track", "digit": digit}}

    def stop(self) -> Message:
        return {"event": "stop", "streamSid": "MZ1", "stop": {"callSid": CALL}}

    def read(self, message: Message) -> tuple[str, Any]:
        assert isinstance(message, dict) and message["streamSid"] == "MZ1"
        match message["event"]:
            case "media":
                return "audio", b64decode(message["media"]["payload"], validate=True)
            case "mark":
                return "mark", message["mark"]["name"]
            case "clear":
                return "clear", None
        raise AssertionError(f"not a message we may send: {message}")


@dataclass
class SignalWire(Twilio):
    name: str = "signalwire"
    line_format: LineFormat = WIDEBAND
    encoding: str = "audio/l16"


@dataclass
class Telnyx:
    name: str = "telnyx"
    line_format: LineFormat = PHONE
    stops: bool = True

    def start(self, parameters: dict[str, str], **changes: Any) -> Message:
        body = {
            "user_id": "u",
            "call_control_id": CALL,
            "call_session_id": "s",
            "from": "+15550100",
            "to": "+15550199",
            "tags": [],
            "client_state": None,
            "custom_parameters": parameters,
            "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
        }
        return {"event": "start", "sequence_number": "1", "stream_id": "st1", "start": body | changes}

    def wrong_codec(self) -> Message:
        return self.start({}, media_format={"encoding": "G722", "sample_rate": 8000, "channels": 1})

    def media(self, number: int, audio: bytes) -> Message:
        media = {"track": "inbound", "chunk": str(number), "payload": b64encode(audio).decode()}
        return {"event": "media", "sequence_number": "4", "stream_id": "st1", "media": media}

    def mark(self, name: str) -> Message:
        return {"event": "mark", "sequence_number": "5", "stream_id": "st1", "mark": {"name": name}}

    def dtmf(self, digit: str) -> Message:
        occurred = "2026-11-25T12:00:00Z"
        return {"event": "dtmf", "stream_id": "st1", "occurred_at": occurred, "dtmf": {"digit": digit}}

    def stop(self) -> Message:
        return {"event": "stop", "stream_id": "st1", "stop": {"user_id": "u", "call_control_id": CALL}}

    def read(self, message: Message) -> tuple[str, Any]:
        assert isinstance(message, dict)
        match message:
            case {"event": "media", "media": {"payload": payload}}:
                return "audio", b64decode(payload, validate=True)
            case {"event": "mark", "mark": {"name": name}}:
                return "mark", name
            case {"event": "clear"}:
                return "clear", None
        raise AssertionError(f"not a message we may send: {message}")


@dataclass
class Plivo:
    name: str = "plivo"
    line_format: LineFormat = WIDEBAND
    stops: bool = False
    encoding: str = "audio/x-l16"

    def start(self, parameters: dict[str, str], **changes: Any) -> Message:
        body = {
            "callId": CALL,
            "streamId": "st1",
            "accountId": "a",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": self.encoding, "sampleRate": self.line_format.sample_rate_hz},
        }
        headers = "{" + ", ".join(f"X-PH-{name}: {value}" for name, value in parameters.items()) + "}"
        return {"event": "start", "sequenceNumber": 1, "start": body | changes, "extra_headers": headers}

    def wrong_codec(self) -> Message:
        return self.start({}, mediaFormat={"encoding": "audio/x-mulaw", "sampleRate": 16000})

    def media(self, number: int, audio: bytes) -> Message:
        media = {"track": "inbound", "chunk": number, "timestamp": "1", "payload": b64encode(audio).decode()}
        return {"event": "media", "sequenceNumber": 2, "streamId": "st1", "media": media}

    def mark(self, name: str) -> Message:
        return {"event": "playedStream", "streamId": "st1", "name": name}

    def dtmf(self, digit: str) -> Message:
        return {"event": "dtmf", "streamId": "st1", "dtmf": {"digit": digit, "track": "inbound"}}

    def stop(self) -> Message:
        raise AssertionError("there is none")

    def read(self, message: Message) -> tuple[str, Any]:
        assert isinstance(message, dict) and message["streamId"] == "st1"
        match message:
            case {
                "event": "playAudio",
                "media": {"contentType": kind, "sampleRate": rate, "payload": payload},
            }:
                assert (kind, rate) == (self.encoding, self.line_format.sample_rate_hz)
                return "audio", b64decode(payload, validate=True)
            case {"event": "checkpoint", "name": name}:
                return "mark", name
            case {"event": "clearAudio"}:
                return "clear", None
        raise AssertionError(f"not a message we may send: {message}")


@dataclass
class Vonage:
    name: str = "vonage"
    line_format: LineFormat = WIDEBAND
    stops: bool = False

    def start(self, parameters: dict[str, str], **changes: Any) -> Message:
        first = {"event": "websocket:connected", "content-type": "audio/l16;rate=16000", "call": CALL}
        return first | parameters | changes

    def wrong_codec(self) -> Message:
        return self.start({}, **{"content-type": "audio/l16;rate=48000"})

    def media(self, number: int, audio: bytes) -> Message:
        return audio

    def mark(self, name: str) -> Message:
        return {"event": "websocket:notify", "payload": {"mark": name}}

    def dtmf(self, digit: str) -> Message:
        return {"event": "websocket:dtmf", "digit": digit, "duration": 260}

    def stop(self) -> Message:
        raise AssertionError("there is none")

    def read(self, message: Message) -> tuple[str, Any]:
        if isinstance(message, bytes):
            assert len(message) == 640, "20 ms, no more and no less"
            return "audio", message
        match message:
            case {"action": "notify", "payload": {"mark": name}}:
                return "mark", name
            case {"action": "clear"}:
                return "clear", None
        raise AssertionError(f"not a message we may send: {message}")


SPEECHES = (Twilio, SignalWire, Telnyx, Plivo, Vonage)


@dataclass
class Socket:
    sent: list[Message] = field(default_factory=list)
    closed: list[tuple[CloseCode, str]] = field(default_factory=list)

    def send(self, message: bytes) -> None:
        self.sent.append(json.loads(message))

    def send_binary(self, frame: bytes) -> None:
        self.sent.append(frame)

    def close(self, code: CloseCode, reason: str) -> None:
        self.closed.append((code, reason))


class CarrierLine:
    """One stream of one carrier: a session, its socket and its switchboard, on virtual time.

    Args:
        beside: Another stream of the same listener.
    """

    def __init__(
        self,
        speech: Speech,
        tokens: StreamTokens | None = None,
        agent: str = "clinic",
        *,
        beside: CarrierLine | None = None,
    ) -> None:
        self.speech = speech
        self.switchboard = beside.switchboard if beside else NotingSwitchboard()
        self.socket, self.counted = Socket(), beside.counted if beside else Counter[str]()
        self.clock = self.switchboard.world.clock
        admission = Admission(
            switchboard=self.switchboard,
            clock=self.clock,
            counted=self.counted,
            redeem=tokens.redeem if tokens is not None else None,
        )
        dialect = CARRIERS[speech.name](self.counted)
        self.session = StreamSession(self.socket, dialect, agent, admission)
        self._chunk = 0

    def say(self, message: Message) -> None:
        if isinstance(message, bytes):
            self.session.binary(memoryview(message))
        else:
            self.session.message(memoryview(json.dumps(message).encode()))

    def start(self, **parameters: str) -> None:
        self.say(self.speech.start(parameters))

    def speak(self, audio: bytes) -> None:
        """20 ms each, in real time."""
        size = self.speech.line_format.bytes_per_ms * 20
        for begin in range(0, len(audio), size):
            self._chunk += 1
            self.say(self.speech.media(self._chunk, audio[begin : begin + size]))
            self.switchboard.pass_time(20)

    @property
    def sent(self) -> list[tuple[str, Any]]:
        return [self.speech.read(message) for message in self.socket.sent]

    def sent_marks(self) -> list[str]:
        return [name for kind, name in self.sent if kind == "mark"]
