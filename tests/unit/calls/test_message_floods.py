"""A far end that sends keys, marks, pings or words of its own without end: what people and carriers send is
taken, what is beyond is dropped and counted, and who goes on loses his line. Nobody else notices."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs
from tests.doubles.carrier_lines import SPEECHES, CarrierLine, Speech, Twilio
from tests.doubles.media_line import MS, encoded, silence, tone

from antiphon.calls.browser.line import BrowserLine
from antiphon.calls.browser.settings import BrowserSettings
from antiphon.calls.messages import BURST, FLOOD_BURST, FLOODED, PER_S, MessageBound, message_counts
from antiphon.calls.sip import wire
from antiphon.calls.sip.legs import Legs
from antiphon.calls.sip.settings import sip_settings
from antiphon.calls.streams import CloseCode

SHUT_OUT = (CloseCode.POLICY, FLOODED.removeprefix("error: "))
Counts = dict[str, int]


@pytest.fixture
def counts() -> Callable[[], Counts]:
    """What was counted since the test began."""
    before = message_counts()
    return lambda: {name: count - before[name] for name, count in message_counts().items()}


@pytest.fixture(params=SPEECHES, ids=lambda speech: speech.name)
def speech(request: pytest.FixtureRequest) -> Speech:
    made: Speech = request.param()
    return made


def _kinds(speech: Speech) -> list[Any]:
    """Of every kind that is no audio, one."""
    return [speech.dtmf("5"), speech.mark("m1"), {"event": "news"}]


def test_a_flood_of_any_kind_is_dropped_counted_and_ends_its_own_stream_only(
    speech: Speech, counts: Callable[[], Counts]
) -> None:
    for message in _kinds(speech):
        before = counts()
        beside = CarrierLine(speech)
        flooding = CarrierLine(speech, beside=beside)
        beside.start()
        flooding.start()
        (_, _, notes), (_, _, flooded) = beside.switchboard.calls
        with capture_logs() as logged:
            for _ in range(4):
                for _ in range(1000):
                    flooding.say(message)
                beside.switchboard.pass_time(20)
        assert flooding.socket.closed[0] == SHUT_OUT
        assert flooded.named("closed") == [("closed", FLOODED, None)]
        assert len(flooded.named("dtmf")) <= BURST + PER_S
        assert counts()["flooded"] - before["flooded"] == 1
        assert counts()["surplus"] - before["surplus"] >= FLOOD_BURST
        assert [line["event"] for line in logged].count("messages_dropped") == 1
        assert len(logged) < 6  # However many messages there were.
        beside.say(speech.dtmf("5"))
        assert notes.named("dtmf", "closed") == [("dtmf", "5", None)]
        assert not beside.socket.closed


def test_a_stream_that_is_flooded_with_keys_is_heard_as_without_them(speech: Speech) -> None:
    plain, keyed = CarrierLine(speech), CarrierLine(speech)
    rate_hz = speech.line_format.sample_rate_hz
    sound = encoded(
        np.concatenate([silence(500, sample_rate_hz=rate_hz), tone(600, sample_rate_hz=rate_hz)]),
        speech.line_format,
    )
    for stream in (plain, keyed):
        stream.start()
    size = speech.line_format.bytes_per_ms * 20
    for start in range(0, len(sound), size):
        plain.speak(sound[start : start + size])
        for _ in range(30):  # 1,500 a second: much is dropped, and the line not lost yet.
            keyed.say(speech.dtmf("5"))
        keyed.speak(sound[start : start + size])
    (_, _, first), (_, _, second) = plain.switchboard.calls[0], keyed.switchboard.calls[0]
    assert not keyed.socket.closed and len(second.named("dtmf")) < 30 * 55
    assert first.audio == second.audio and len(first.audio) > 0
    assert first.named("started") == second.named("started") != []


def test_what_people_and_carriers_send_passes_for_as_long_as_a_call_lasts(
    counts: Callable[[], Counts],
) -> None:
    """A stream of both sides of the call, with a mark for each of ours and a caller who types a number,
    twice after ten seconds in which the network stood still."""
    stream = CarrierLine(Twilio())
    stream.start()
    _, _, notes = stream.switchboard.calls[0]
    outbound = {
        "event": "media",
        "media": {"track": "outbound", "payload": base64.b64encode(b"\xff" * 160).decode()},
    }
    for second in range(60):
        if second not in (*range(20, 29), *range(40, 49)):
            late = 10 if second in (29, 49) else 1
            for turn in range(50 * late):
                stream.say(outbound)
                if turn % 20 == 0:
                    stream.say(stream.speech.mark("m"))
            for digit in "4155550100":
                stream.say(stream.speech.dtmf(digit))
        stream.switchboard.pass_time(1000)
    assert counts() == {"surplus": 0, "flooded": 0}
    assert len(notes.named("dtmf")) == 10 * 42
    assert not stream.socket.closed


def test_the_bound_is_what_it_says_it_is() -> None:
    bound = MessageBound(0)
    passed = sum(bound.passes(0, "x", "") for _ in range(BURST + 10))
    assert passed == BURST
    assert sum(bound.passes(1000 * MS, "x", "") for _ in range(PER_S + 10)) == PER_S
    # Twice the rate for a minute is cut to the rate and keeps its line; three times does not.
    for per_s, is_flood in ((2 * PER_S, False), (3 * PER_S, True)):
        bound = MessageBound(0)
        times = [number * 1_000_000_000 // per_s for number in range(60 * per_s)]
        passed = sum(bound.passes(now_ns, "x", "") for now_ns in times)
        assert BURST + 59 * PER_S <= passed <= BURST + 60 * PER_S + 1
        assert bound.flooded is is_flood


def test_a_stream_that_floods_on_after_it_was_closed_is_cut_off() -> None:
    stream = CarrierLine(Twilio())
    stream.start()
    stream.switchboard.calls[0][1].close()
    for _ in range(200):  # What was under way when we hung up.
        stream.say(stream.speech.dtmf("5"))
    assert stream.socket.closed == [(CloseCode.DONE, "")]
    for _ in range(2000):
        stream.say(stream.speech.dtmf("5"))
    assert stream.session.flooded and SHUT_OUT in stream.socket.closed


def test_messages_in_pieces_count_as_bad_ones_and_a_hundred_end_the_stream() -> None:
    stream = CarrierLine(Twilio())
    stream.start()
    for _ in range(99):
        stream.session.in_pieces()
    assert not stream.socket.closed
    stream.session.in_pieces()
    assert stream.socket.closed == [(CloseCode.PROTOCOL, "too many bad messages")]
    stream.session.in_pieces()
    assert stream.counted["bad_message"] == 100


async def test_a_page_that_floods_its_channel_loses_its_call(counts: Callable[[], Counts]) -> None:
    for message in ("dtmf:5", "talk:down", "far_end:120", "image:1", "nonsense", b"bytes", "x" * 5000):
        gone = asyncio.Event()
        line = BrowserLine("l", "echo", None, BrowserSettings(), _tells(gone))  # type: ignore[arg-type]
        source = _Noting()
        line._source = source  # type: ignore[assignment]
        for _ in range(BURST // 2):
            line.message(line._peer, "dtmf:1")
        assert len(source.keys) == BURST // 2 and not source.closed_by
        for _ in range(4000):
            line.message(line._peer, message)
        assert source.closed_by == [FLOODED]
        assert len(source.keys) <= BURST + PER_S
        await gone.wait()
    assert counts()["flooded"] == 7


def _tells(gone: asyncio.Event) -> Callable[[str], None]:
    return lambda _: gone.set()


class _Noting:
    def __init__(self) -> None:
        self.keys: list[str] = []
        self.closed_by: list[str] = []

    def dtmf(self, digit: str) -> None:
        self.keys.append(digit)

    def talk(self, pressed: bool) -> None: ...

    def closed(self, reason: str) -> None:
        self.closed_by.append(reason)


class _Leg:
    """A SIP leg of which only its far end's doings matter."""

    def __init__(self) -> None:
        self.hung_up = self.refused = 0
        self.stats: Counts = {}
        self.events: Any = None

    def watch(self, events: object) -> None:
        self.events = events

    async def hang_up(self) -> None:
        self.hung_up += 1
        self.events.ended("agent")

    async def refuse_transfer(self) -> None:
        self.refused += 1


@pytest.mark.parametrize("kind", ["keys", "holds", "transfers"])
async def test_a_telephone_that_floods_with_keys_holds_or_transfers_is_hung_up_on(
    kind: str, counts: Callable[[], Counts]
) -> None:
    sent: list[wire.FromSip] = []
    legs = Legs(sip_settings("127.0.0.1:5060", "", {}), sent.append, lambda: None)
    legs.taking = True
    leg = _Leg()
    invite = type("Invite", (), {"user": "clinic", "caller": "1", "call_id": "c", "trunk": ""})
    legs.invited(invite, leg)  # type: ignore[arg-type]
    events = leg.events
    doings: dict[str, Callable[[int], None]] = {
        "keys": lambda number: events.pressed("0123456789"[number % 10]),
        "holds": lambda number: events.held(number % 2 == 0),
        "transfers": lambda number: events.transfer_asked("sip:x@example.com"),
    }
    for number in range(200):  # As a fast hand, or a machine that dials through a menu.
        doings[kind](number)
    await asyncio.sleep(0)
    taken = len([one for one in sent if isinstance(one, wire.Pressed | wire.Held)]) + leg.refused
    assert taken == 200 and counts() == {"surplus": 0, "flooded": 0}
    for number in range(4000):
        doings[kind](number)
    for _ in range(3):
        await asyncio.sleep(0)
    assert leg.hung_up == 1 and counts()["flooded"] == 1
    assert sent[-1] == wire.Ended(leg=1, cause=FLOODED, stats={"concealed_ms": 0})
    assert len(sent) <= BURST + 3
