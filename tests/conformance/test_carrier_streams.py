"""One behaviour for every carrier's stream, whatever its framing."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs
from tests.doubles.carrier_lines import CALL, SPEECHES, CarrierLine, Speech
from tests.doubles.media_line import encoded, silence, tone

from antiphon.calls.streams import CloseCode, StreamTokens
from antiphon.calls.streams.session import STALLED_AFTER_NS, START_WITHIN_NS

TOKENS = StreamTokens(b"0123456789abcdef")


@pytest.fixture(params=SPEECHES, ids=lambda speech: speech.name)
def speech(request: pytest.FixtureRequest) -> Speech:
    made: Speech = request.param()
    return made


@pytest.fixture
def line(speech: Speech) -> CarrierLine:
    return CarrierLine(speech)


def test_a_start_becomes_a_call_in_the_lines_own_format(speech: Speech) -> None:
    line = CarrierLine(speech, TOKENS)
    line.start(token=TOKENS.mint("clinic", CALL, "+14155550100", speech.name), campaign="spring")
    ((arrival, _, _),) = line.switchboard.calls
    assert (arrival.agent, arrival.line, arrival.line_format) == ("clinic", "phone", speech.line_format)
    assert arrival.caller_number == "+14155550100"
    assert arrival.metadata["carrier_call"] == CALL and arrival.metadata["campaign"] == "spring"
    assert "token" not in arrival.metadata
    assert not line.socket.closed


@pytest.mark.parametrize(
    "ticket",
    [
        lambda name: "",
        lambda name: "forged.ticket",
        lambda name: TOKENS.mint("bank", CALL, "", name),
        lambda name: TOKENS.mint("clinic", "another call", "", name),
        lambda name: TOKENS.mint("clinic", CALL, "", "another carrier"),
        lambda name: StreamTokens(b"fedcba9876543210").mint("clinic", CALL, "", name),
    ],
)
def test_a_ticket_that_is_not_for_this_call_opens_nothing(speech: Speech, ticket: object) -> None:
    assert callable(ticket)
    line = CarrierLine(speech, TOKENS)
    line.start(token=ticket(speech.name))
    assert not line.switchboard.calls
    assert line.socket.closed[0][0] is CloseCode.POLICY


def test_the_callers_words_arrive_as_they_were_said(line: CarrierLine, speech: Speech) -> None:
    line.start()
    _, _, notes = line.switchboard.calls[0]
    rate = speech.line_format.sample_rate_hz
    line.speak(encoded(silence(200, sample_rate_hz=rate), speech.line_format))
    line.speak(encoded(tone(600, sample_rate_hz=rate), speech.line_format))
    line.speak(encoded(silence(800, sample_rate_hz=rate), speech.line_format))
    assert notes.named("started") and notes.named("stopped")
    assert line.switchboard.world.plane.counters.frames_in == 80
    assert line.counted == {}


def test_marks_answered_in_order_move_the_heard_cursor_to_the_end(line: CarrierLine, speech: Speech) -> None:
    line.start()
    _, toward, notes = line.switchboard.calls[0]
    sound = tone(1000, sample_rate_hz=speech.line_format.sample_rate_hz)
    toward.play("a", sound.tobytes())
    toward.finish("a")
    answered = 0
    for _ in range(60):
        line.switchboard.pass_time(20)
        for name in line.sent_marks()[answered:]:
            answered += 1
            line.say(speech.mark(name))
    heard = b"".join(audio for kind, audio in line.sent if kind == "audio")
    assert heard == encoded(sound, speech.line_format)
    positions = [heard_ms for _, _, heard_ms in notes.named("mark") if isinstance(heard_ms, int)]
    assert positions and positions == sorted(positions)
    assert notes.named("finished") == [("finished", "a", 1000)]


def test_what_was_cleared_is_never_taken_for_heard(line: CarrierLine, speech: Speech) -> None:
    """Whether the carrier answers the marks it dropped or not."""
    line.start()
    _, toward, notes = line.switchboard.calls[0]
    toward.play("a", tone(3000, sample_rate_hz=speech.line_format.sample_rate_hz).tobytes())
    line.switchboard.pass_time(600)
    pending = line.sent_marks()
    assert pending
    heard_ms = toward.flush("a")
    assert ("clear", None) in line.sent
    for name in pending:
        line.say(speech.mark(name))
    line.switchboard.pass_time(40)
    assert not notes.named("mark") and not notes.named("finished")
    assert toward.flush("a") == heard_ms < 700


def test_a_key_is_pressed_once(line: CarrierLine, speech: Speech) -> None:
    line.start()
    line.say(speech.dtmf("7"))
    line.say(speech.dtmf("not a key"))
    assert line.switchboard.calls[0][2].named("dtmf") == [("dtmf", "7", None)]


def test_a_stop_or_a_socket_that_closes_ends_the_call_once(line: CarrierLine, speech: Speech) -> None:
    line.start()
    if speech.stops:
        line.say(speech.stop())
    line.session.disconnected()
    line.say(speech.media(1, bytes(speech.line_format.bytes_per_ms * 20)))
    assert line.switchboard.calls[0][2].named("closed") == [("closed", "hangup", None)]
    assert line.switchboard.world.plane.live_calls == 0


def test_what_comes_after_the_stop_is_refused_and_no_other_call_notices(
    line: CarrierLine, speech: Speech
) -> None:
    """Where a carrier never says stop, its socket closes, and what lay in it is nobody's."""
    other = CarrierLine(speech, beside=line)
    line.start()
    other.start()
    frame = encoded(silence(20, sample_rate_hz=speech.line_format.sample_rate_hz), speech.line_format)
    line.speak(frame)
    line.say(speech.stop()) if speech.stops else line.session.disconnected()
    for late in (speech.media(2, frame), speech.dtmf("7"), speech.mark("m1"), speech.start({})):
        line.say(late)
    assert line.counted == ({"bad_message": 4} if speech.stops else {})
    (_, _, notes), (_, _, others) = line.switchboard.calls
    assert notes.named("closed") == [("closed", "hangup", None)] and not notes.named("dtmf")
    assert line.socket.closed == ([(CloseCode.DONE, "")] if speech.stops else [])
    for _ in range(200):  # However much of it comes.
        line.say(speech.media(3, frame))
    other.speak(frame)
    counters = line.switchboard.world.plane.counters
    assert counters.frames_in == 2, "one of each call"
    assert line.switchboard.world.plane.live_calls == 1
    assert not others.named("closed") and not other.socket.closed


def test_a_stream_that_goes_quiet_ends_its_call(line: CarrierLine) -> None:
    line.start()
    with capture_logs() as logs:
        line.session.check(line.clock.now_ns + STALLED_AFTER_NS + 1)
    assert [log["event"] for log in logs] == ["stream_stalled"]
    assert line.switchboard.calls[0][2].named("closed") == [("closed", "error: the stream stalled", None)]
    assert line.counted["stalled"] == 1


def test_who_never_starts_is_shut_out(line: CarrierLine) -> None:
    line.session.check(line.clock.now_ns + START_WITHIN_NS + 1)
    assert line.socket.closed == [(CloseCode.POLICY, "no start message")]


def test_audio_marks_and_keys_before_the_start_are_refused(speech: Speech) -> None:
    for early in (
        speech.media(1, bytes(speech.line_format.bytes_per_ms * 20)),
        speech.mark("m1"),
        speech.dtmf("1"),
    ):
        line = CarrierLine(speech)
        line.say(early)
        ((code, reason),) = line.socket.closed
        assert code is CloseCode.PROTOCOL and reason.endswith("before start")
        line.start()
        assert not line.switchboard.calls


def test_a_codec_we_do_not_speak_is_refused_with_those_we_do(line: CarrierLine, speech: Speech) -> None:
    line.say(speech.wrong_codec())
    assert not line.switchboard.calls
    ((code, reason),) = line.socket.closed
    assert code is CloseCode.UNSUPPORTED and reason.startswith("only ")


def test_a_second_start_changes_nothing(line: CarrierLine, speech: Speech) -> None:
    line.start()
    line.start()
    line.say(speech.wrong_codec())
    line.speak(encoded(silence(20, sample_rate_hz=speech.line_format.sample_rate_hz), speech.line_format))
    assert len(line.switchboard.calls) == 1 and not line.socket.closed
    assert line.counted == {"bad_message": 2}
    assert line.switchboard.world.plane.counters.frames_in == 1


def test_garbage_costs_itself_and_a_hundred_cost_the_stream(line: CarrierLine, speech: Speech) -> None:
    line.start()
    for garbage in (b"", b"{", b"\xff", b"[]", b"7", b"[" * 100_000):
        line.session.message(garbage)
    line.session.binary(b"\x01")
    assert line.counted["bad_message"] == 7 and not line.socket.closed
    line.session.message(b'{"event":"of a later protocol"}')
    assert line.counted["unknown_event"] == 1
    line.speak(encoded(silence(20, sample_rate_hz=speech.line_format.sample_rate_hz), speech.line_format))
    assert line.switchboard.world.plane.counters.frames_in == 1
    for _ in range(100):
        line.session.message(b"{}")
    assert line.socket.closed == [(CloseCode.PROTOCOL, "too many bad messages")]


def test_a_minute_of_audio_in_one_message_is_cut_and_no_more(line: CarrierLine, speech: Speech) -> None:
    line.start()
    line.say(speech.media(1, bytes(speech.line_format.bytes_per_ms * 60_000)))
    line.switchboard.pass_time(20)
    counters = line.switchboard.world.plane.counters
    assert counters.messages_truncated == 1 and counters.frames_in < 100
    assert not line.socket.closed


def test_our_hang_up_closes_the_socket_normally(line: CarrierLine) -> None:
    line.start()
    line.switchboard.calls[0][1].close()
    assert line.socket.closed == [(CloseCode.DONE, "")]
