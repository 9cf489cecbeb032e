from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from typing import Any

import pytest
from tests.doubles.media_line import encoded, silence, tone
from tests.doubles.switchboard import NotingSwitchboard

from antiphon.audio.ports import PHONE
from antiphon.calls.streams import Admission, CloseCode, StreamSession, StreamTokens
from antiphon.calls.streams.session import STALLED_AFTER_NS, START_WITHIN_NS
from antiphon.calls.twilio import TwilioDialect

TOKENS = StreamTokens(b"0123456789abcdef")


class Socket:
    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.closed: list[tuple[CloseCode, str]] = []

    def send_binary(self, frame: bytes) -> None: ...

    def send(self, message: bytes) -> None:
        self.sent.append(json.loads(message))

    def close(self, code: CloseCode, reason: str) -> None:
        self.closed.append((code, reason))


class Stream:
    """A session with its socket and switchboard."""

    def __init__(self, agent: str = "clinic", *, full: bool = False, guarded: bool = False) -> None:
        self.switchboard = NotingSwitchboard(full=full)
        self.socket, self.counted = Socket(), Counter[str]()
        admission = Admission(
            switchboard=self.switchboard,
            clock=self.switchboard.world.clock,
            counted=self.counted,
            redeem=TOKENS.redeem if guarded else None,
        )
        self.session = StreamSession(self.socket, TwilioDialect(), agent, admission)

    def say(self, message: dict[str, Any]) -> None:
        self.session.message(json.dumps(message).encode())

    def start(self, parameters: dict[str, str] | None = None, **changes: Any) -> None:
        self.say({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        body = {
            "streamSid": "MZ1",
            "callSid": "CA1",
            "tracks": ["inbound"],
            "customParameters": parameters or {},
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        }
        self.say({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": body | changes})

    def media(self, mulaw: bytes, track: str = "inbound") -> None:
        payload = b64encode(mulaw).decode()
        self.say({"event": "media", "streamSid": "MZ1", "media": {"track": track, "payload": payload}})


def test_a_stream_becomes_a_call_with_its_number_and_sids() -> None:
    stream = Stream(guarded=True)
    token = TOKENS.mint("clinic", "CA1", "+14155550100")
    stream.start({"token": token, "caller_number": "+1999", "campaign": "spring"})
    ((arrival, _, _),) = stream.switchboard.calls
    assert (arrival.agent, arrival.line, arrival.line_format) == ("clinic", "phone", PHONE)
    assert arrival.caller_number == "+14155550100"  # The signed one, not the parameter.
    carrier = {"carrier": "twilio", "carrier_call": "CA1", "carrier_stream": "MZ1"}
    assert arrival.metadata == {"campaign": "spring", **carrier}
    assert stream.session.call_id == "call-1"


def test_whose_leg_a_line_is_only_a_ticket_can_say() -> None:
    forged = Stream(guarded=True)
    forged.start({"token": TOKENS.mint("clinic", "CA1"), "leg": "abc", "carrier": "x", "called_number": "+1"})
    assert forged.switchboard.calls[0][0].metadata == {
        "carrier": "twilio", "carrier_call": "CA1", "carrier_stream": "MZ1"
    }  # fmt: skip
    ours = Stream(guarded=True)
    ours.start({"token": TOKENS.mint("clinic", "CA1", called_number="+16175550100", leg="abc")})
    told = ours.switchboard.calls[0][0].metadata
    assert (told["leg"], told["called_number"]) == ("abc", "+16175550100")


@pytest.mark.parametrize(
    "token", ["", "forged.token", TOKENS.mint("bank", "CA1"), TOKENS.mint("clinic", "CA2")]
)
def test_without_the_right_token_there_is_no_call(token: str) -> None:
    stream = Stream(guarded=True)
    stream.start({"token": token})
    assert not stream.switchboard.calls
    assert stream.socket.closed[0][0] is CloseCode.POLICY
    assert stream.counted["refused"] == 1


def test_audio_keys_and_marks_reach_the_call() -> None:
    stream = Stream()
    stream.start()
    _, line, notes = stream.switchboard.calls[0]
    for _ in range(50):
        stream.media(encoded(tone(20), PHONE))
        stream.switchboard.pass_time(20)
    stream.say({"event": "dtmf", "streamSid": "MZ1", "dtmf": {"track": "inbound_track", "digit": "7"}})
    line.play("a", tone(300).tobytes())
    line.finish("a")
    stream.switchboard.pass_time(300)
    marks = [message["mark"]["name"] for message in stream.socket.sent if message["event"] == "mark"]
    for name in marks:
        stream.say({"event": "mark", "streamSid": "MZ1", "mark": {"name": name}})
    assert notes.named("started", "dtmf", "finished")[1:] == [("dtmf", "7", None), ("finished", "a", 300)]


def test_only_the_callers_track_is_heard() -> None:
    stream = Stream()
    stream.start()
    stream.media(encoded(tone(20), PHONE), track="outbound")
    stream.switchboard.pass_time(20)
    assert stream.switchboard.world.plane.counters.frames_in == 0


def test_media_of_another_stream_never_reaches_this_call() -> None:
    stream = Stream()
    stream.start()
    payload = b64encode(encoded(tone(20), PHONE)).decode()
    stream.say({"event": "media", "streamSid": "MZ-other", "media": {"track": "inbound", "payload": payload}})
    stream.switchboard.pass_time(20)
    assert stream.switchboard.world.plane.counters.frames_in == 0
    assert stream.counted["bad_message"] == 1 and not stream.socket.closed


@pytest.mark.parametrize(
    "changes",
    [
        {"mediaFormat": {"encoding": "audio/x-alaw", "sampleRate": 8000, "channels": 1}},
        {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 16000, "channels": 1}},
        {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": "8000", "channels": 2}},
        {"tracks": ["inbound", "outbound"]},
    ],
)
def test_a_stream_we_cannot_carry_is_refused_with_the_reason(changes: dict[str, Any]) -> None:
    stream = Stream()
    stream.start(**changes)
    assert not stream.switchboard.calls
    ((code, reason),) = stream.socket.closed
    assert code is CloseCode.UNSUPPORTED and reason.startswith("only ")


def test_numbers_as_strings_are_understood() -> None:
    stream = Stream()
    stream.start(mediaFormat={"encoding": "audio/x-mulaw", "sampleRate": "8000", "channels": "1"})
    assert stream.switchboard.calls


@pytest.mark.parametrize(
    "message",
    [
        {"event": "media", "media": {"payload": "/w=="}},
        {"event": "mark", "mark": {"name": "m1"}},
        {"event": "dtmf", "dtmf": {"digit": "1"}},
    ],
)
def test_anything_before_start_is_refused(message: dict[str, Any]) -> None:
    stream = Stream()
    stream.say({"event": "connected"})
    stream.say(message)
    assert stream.socket.closed == [(CloseCode.PROTOCOL, f"{message['event']} before start")]
    stream.start()
    assert not stream.switchboard.calls


@pytest.mark.parametrize(
    ("agent", "full", "code"), [("bank", False, CloseCode.POLICY), ("clinic", True, CloseCode.BUSY)]
)
def test_an_unknown_agent_and_a_full_house_are_told_apart(agent: str, full: bool, code: CloseCode) -> None:
    stream = Stream(agent, full=full)
    stream.start()
    assert stream.socket.closed[0][0] is code


def test_garbage_in_a_call_is_counted_and_costs_nothing_else() -> None:
    stream = Stream()
    stream.start()
    for garbage in (b"", b"{", b'{"event":"media","media":{"payload":"!"}}', b"\xff", b'{"event":"new"}'):
        stream.session.message(garbage)
    stream.start()
    stream.media(encoded(silence(20), PHONE))
    stream.switchboard.pass_time(20)
    assert stream.counted == {"bad_message": 5, "unknown_event": 1}
    assert not stream.socket.closed
    assert stream.switchboard.world.plane.counters.frames_in == 1


def test_nothing_but_garbage_is_refused_in_the_end() -> None:
    stream = Stream()
    stream.start()
    for _ in range(200):
        stream.session.message(b"{}")
    assert stream.socket.closed == [(CloseCode.PROTOCOL, "too many bad messages")]
    assert stream.switchboard.calls[0][2].named("closed") == [
        ("closed", "error: too many bad messages", None)
    ]


@pytest.mark.parametrize("with_stop", [True, False])
def test_a_hang_up_ends_the_call_once_with_or_without_a_stop(with_stop: bool) -> None:
    stream = Stream()
    stream.start()
    if with_stop:
        stream.say({"event": "stop", "streamSid": "MZ1", "stop": {"callSid": "CA1"}})
    stream.session.disconnected()
    stream.media(encoded(tone(20), PHONE))
    _, line, notes = stream.switchboard.calls[0]
    line.play("a", tone(100).tobytes())
    assert notes.named("closed") == [("closed", "hangup", None)]
    assert not stream.socket.sent
    assert stream.switchboard.world.plane.live_calls == 0


def test_our_hang_up_closes_the_socket_so_that_the_call_moves_on() -> None:
    stream = Stream()
    stream.start()
    _, line, notes = stream.switchboard.calls[0]
    line.play("a", tone(1000).tobytes())
    line.close()
    stream.session.disconnected()
    assert [message["event"] for message in stream.socket.sent[-1:]] == ["clear"]
    assert stream.socket.closed == [(CloseCode.DONE, "")]
    assert not notes.named("closed")


def test_who_connects_and_says_nothing_is_shut_out() -> None:
    stream = Stream()
    clock = stream.switchboard.world.clock
    stream.session.check(clock.now_ns + START_WITHIN_NS)
    assert not stream.socket.closed
    stream.session.check(clock.now_ns + START_WITHIN_NS + 1)
    assert stream.socket.closed == [(CloseCode.POLICY, "no start message")]


def test_a_stream_that_goes_quiet_ends_its_call_with_an_error() -> None:
    stream = Stream()
    stream.start()
    clock = stream.switchboard.world.clock
    stream.session.check(clock.now_ns + STALLED_AFTER_NS + 1)
    assert stream.switchboard.calls[0][2].named("closed") == [("closed", "error: the stream stalled", None)]
    assert stream.counted["stalled"] == 1
