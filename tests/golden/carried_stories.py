"""What is noticed of phone calls on a carrier's stream: session, media plane, exchange and recordings, on
virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from antiphon.calls.recording import kept_recordings
from antiphon.calls.recording.recorder import LiveRecording
from antiphon.calls.streams import Admission, CloseCode, StreamGrant, StreamSession, StreamTokens
from antiphon.calls.twilio import TwilioDialect
from antiphon.conversation import events as ev
from antiphon.runtime.recorded import RecordedSink
from antiphon.runtime.records.lines import read_call
from tests.doubles.on_disk import traces
from tests.doubles.permits import consented
from tests.doubles.phone_world import PhoneWorld
from tests.doubles.virtual_loop import live, pass_time
from tests.golden.placed_stories import kept_as
from tests.golden.telling import Symptom, Told
from tests.simulation.faults import Fault
from tests.unit.calls.test_recording import Studio, loud_ms

SECRET = b"0123456789abcdef"


def carried(
    name: str,
    *rows: str,
    story: Callable[[Path], Awaitable[dict[str, object]]],
    absent: Callable[[Told], None],
    fault: Fault,
) -> Symptom:
    """A story leaves one call's trace under the folder, and gives its facts."""

    def tell(folder: Path) -> Told:
        facts = live(story(folder))
        path = max(traces(folder / "calls"), key=lambda trace: trace.stat().st_size)
        return Told(record=read_call(kept_as(path, folder, name, path.stem)), facts=facts)

    return Symptom(name=name, rows=rows, tell=tell, absent=absent, fault=fault)


# ---------------------------------------------------------------- recordings


async def _is_recorded_while_he_interrupts(folder: Path) -> dict[str, object]:
    studio = Studio(folder)
    await studio.call()
    kept, _ = studio.only()
    ends_ms = [end_ms + kept.since_ms for _, end_ms in loud_ms(kept.samples[:, 1])]
    return {"since_ms": kept.since_ms, "ends_ms": ends_ms}


def _record_ends_where_the_agent_fell_silent(told: Told) -> None:
    since_ms, ends_ms = told.facts["since_ms"], told.facts["ends_ms"]
    assert isinstance(since_ms, int) and isinstance(ends_ms, list)
    cut_ms = [event.at_ms for event in told.events(ev.PlayoutPaused) if event.at_ms > since_ms]
    assert cut_ms, "he interrupts"
    assert all(min(abs(end_ms - at_ms) for end_ms in ends_ms) <= 60 for at_ms in cut_ms)


def _recording_is_taken_before_the_line(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(RecordedSink, "clear", lambda sink: sink._sink.clear())


async def _is_told_nothing(folder: Path) -> dict[str, object]:
    studio = Studio(folder, told=False)
    await studio.call()
    return {"recordings": len(kept_recordings(studio.directory)), "notes": studio.notes}


def _nothing_is_kept(told: Told) -> None:
    assert told.facts == {"recordings": 0, "notes": []}


def _consent_is_taken_for_granted(patch: pytest.MonkeyPatch) -> None:
    def heard(recording: LiveRecording, text: str, at_ms: int) -> None:
        if recording._tracks is None:
            recording._start(consented("whatever was said", at_ms=at_ms))

    patch.setattr(LiveRecording, "heard", heard)


# ---------------------------------------------------------------- who may speak to an agent


class _Stranger:
    """A socket that nobody we know opened."""

    def __init__(self) -> None:
        self.closed: tuple[CloseCode, str] | None = None

    def send(self, message: bytes) -> None: ...
    def send_binary(self, frame: bytes) -> None: ...

    def close(self, code: CloseCode, reason: str) -> None:
        self.closed = code, reason


async def _strangers_try_their_luck(folder: Path) -> dict[str, object]:
    """One caller with his ticket; meanwhile strangers with none, with his, and with one of their own make."""
    world = PhoneWorld(folder / "calls")
    tokens = StreamTokens(SECRET, clock=lambda: 0.0)
    ticket = tokens.mint("load", f"CA{0:032x}")
    admission = Admission(
        switchboard=world.exchange, clock=world.loop.now_ns, counted=world.counted, redeem=tokens.redeem
    )
    ticks, call = asyncio.create_task(world.tick()), asyncio.create_task(world.call())
    tokens.redeem(ticket)  # His, when his stream began.
    await pass_time(2.0)
    refused = []
    for token in ("", ticket, StreamTokens(b"a secret of theirs").mint("load", f"CA{0:032x}")):
        stranger = _Stranger()
        session = StreamSession(stranger, TwilioDialect(), "load", admission)
        session.message(_start(token))
        refused.append(stranger.closed)
        session.disconnected()
    await call
    ticks.cancel()
    return {"refused": refused, "let_in": sum(1 for _ in traces(folder / "calls")) - 1}


def _start(token: str) -> bytes:
    form = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    start = {
        "accountSid": "AC0",
        "streamSid": "MZ1",
        "callSid": f"CA{0:032x}",
        "tracks": ["inbound"],
        "customParameters": {"token": token},
        "mediaFormat": form,
    }
    return msgspec.json.encode({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": start})


def _all_are_refused_with_the_reason(told: Told) -> None:
    policy = CloseCode.POLICY
    assert told.facts == {
        "refused": [
            (policy, "stream token is not ours"),
            (policy, "stream token was used before"),
            (policy, "stream token is not ours"),
        ],
        "let_in": 0,
    }


def _a_ticket_that_cannot_be_checked_is_good(patch: pytest.MonkeyPatch) -> None:
    def redeem(tokens: StreamTokens, token: str) -> StreamGrant:
        return StreamGrant(
            agent="load", call_sid=f"CA{0:032x}", caller_number="", expires_s=60.0, nonce=token
        )

    patch.setattr(StreamTokens, "redeem", redeem)


SYMPTOMS = [
    carried(
        "recording_has_what_nobody_heard", "P12",
        story=_is_recorded_while_he_interrupts, absent=_record_ends_where_the_agent_fell_silent,
        fault=_recording_is_taken_before_the_line,
    ),
    carried(
        "caller_is_recorded_without_being_told", "I9",
        story=_is_told_nothing, absent=_nothing_is_kept, fault=_consent_is_taken_for_granted,
    ),
    carried(
        "strangers_talk_to_the_agent", "P25",
        story=_strangers_try_their_luck, absent=_all_are_refused_with_the_reason,
        fault=_a_ticket_that_cannot_be_checked_is_good,
    ),
]  # fmt: skip
