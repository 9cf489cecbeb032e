from __future__ import annotations

import base64
import json

import pytest

from antiphon.calls.twilio import wire

START = {
    "event": "start",
    "sequenceNumber": "1",
    "streamSid": "MZ1",
    "start": {
        "streamSid": "MZ1",
        "accountSid": "AC1",
        "callSid": "CA1",
        "tracks": ["inbound"],
        "customParameters": {"token": "t"},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    },
}


def test_a_start_message_gives_call_stream_format_and_parameters() -> None:
    event = wire.decode(json.dumps(START).encode())
    assert isinstance(event, wire.Start)
    assert (event.start.call_sid, event.start.stream_sid) == ("CA1", "MZ1")
    assert event.start.media_format.sample_rate == 8000
    assert event.start.custom_parameters == {"token": "t"}


def test_media_is_decoded_to_bytes() -> None:
    payload = bytes(range(160))
    message = {"event": "media", "media": {"payload": base64.b64encode(payload).decode(), "track": "inbound"}}
    event = wire.decode(memoryview(json.dumps(message).encode()))
    assert isinstance(event, wire.Media) and event.media.payload == payload


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        b'{"event":"media"}',
        b'{"event":"media","media":{"payload":"%%%"}}',
        b'{"event":"media","media":{"payload":7}}',
        b'{"event":"mark","mark":{}}',
        b'{"event":"start","start":{"streamSid":"MZ1"}}',
        b'{"event":7}',
        b"[" * 100_000,
    ],
)
def test_garbage_is_a_bad_message_and_nothing_else(message: bytes) -> None:
    with pytest.raises(wire.BadMessage):
        wire.decode(message)


def test_an_event_of_a_later_protocol_is_told_apart() -> None:
    with pytest.raises(wire.UnknownEvent):
        wire.decode(b'{"event":"video","video":{}}')


def test_what_we_send_is_json_with_the_stream_it_belongs_to() -> None:
    encoder = wire.Encoder('MZ"1')
    assert json.loads(encoder.media(b"\xff\x00")) == {
        "event": "media",
        "streamSid": 'MZ"1',
        "media": {"payload": "/wA="},
    }
    assert json.loads(encoder.mark('m"1')) == {"event": "mark", "streamSid": 'MZ"1', "mark": {"name": 'm"1'}}
    assert json.loads(encoder.clear()) == {"event": "clear", "streamSid": 'MZ"1'}
