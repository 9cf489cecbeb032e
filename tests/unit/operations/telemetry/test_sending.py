"""Calls on their way to a collector, which is down, slow, busy or of another opinion."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.doubles.otlp_collector import Fault, attributes, collecting, partial
from tests.doubles.waiting import until
from tests.unit.operations.telemetry.told_call import NUMBER, SAID, STARTED_MS, tell_call

from antiphon.operations.telemetry.opening import Telemetry
from antiphon.operations.telemetry.sending import STOP_S, Answer, CallSending
from antiphon.operations.telemetry.settings import Content, TelemetrySettings, telemetry_settings
from antiphon.storage.keys import keyring

SPANS = 20


class Waits:
    """Instead of time: how long it would have waited, and none of it."""

    def __init__(self) -> None:
        self.asked_s: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked_s.append(seconds)
        await asyncio.sleep(0)


def settings(url: str, **more: object) -> TelemetrySettings:
    told = telemetry_settings({"ANTIPHON_OTLP_ENDPOINT": url} | {k: str(v) for k, v in more.items()})
    assert told is not None
    return told


@asynccontextmanager
async def sending(home: Path, told: TelemetrySettings) -> AsyncIterator[tuple[Telemetry, Waits]]:
    telemetry, waits = Telemetry(home, told, keyring(home, {})), Waits()
    telemetry.sending._wait = waits
    telemetry.start()
    try:
        yield telemetry, waits
    finally:
        await telemetry.stop()


async def test_a_call_arrives_as_one_trace_with_parents_times_and_ids(tmp_path: Path) -> None:
    with collecting() as collector:
        async with sending(tmp_path, settings(collector.url)) as (telemetry, _):
            telemetry.call_ended(tell_call(tmp_path / "calls"))
            await until(lambda: telemetry.sending.counts.calls_sent == 1)
    (received,) = collector.received
    assert received.path == "/v1/traces"
    assert received.resource["service.name"] == "antiphon"
    spans = {span.span_id: span for span in received.spans}
    assert len(spans) == SPANS == telemetry.sending.counts.spans_sent
    assert len({span.trace_id for span in spans.values()}) == 1
    (root,) = [span for span in spans.values() if not span.parent_span_id]
    assert root.name == "invoke_agent clinic"
    assert root.start_time_unix_nano == STARTED_MS * 1_000_000
    assert root.end_time_unix_nano == (STARTED_MS + 12_000) * 1_000_000
    assert all(span.parent_span_id in spans for span in spans.values() if span is not root)
    turn = collector.named("turn 1")
    assert spans[collector.named("execute_tool find_slots").parent_span_id] is not None
    assert [event.name for event in turn.events] == ["interruption"]
    for span in spans.values():
        told = attributes(span)
        assert told["gen_ai.conversation.id"] == told["session.id"] == "c1"


async def test_what_goes_over_the_wire_names_nobody(tmp_path: Path) -> None:
    with collecting() as collector:
        async with sending(tmp_path, settings(collector.url)) as (telemetry, _):
            telemetry.call_ended(tell_call(tmp_path / "calls"))
            await until(lambda: collector.received)
        told = str(collector.received[0].request)
        person = attributes(collector.named("turn 1"))["user.id"]
    for word in (NUMBER, "5550100", "555 010", "Friday", "cleaning"):
        assert word not in told
    assert person.startswith("person-") and len(person) == 23


async def test_content_goes_out_when_it_is_let_out(tmp_path: Path) -> None:
    for content, expected in ((Content.REDACTED, "call me at [redacted]."), (Content.FULL, SAID)):
        with collecting() as collector:
            home = tmp_path / content
            told = settings(collector.url, ANTIPHON_OTLP_CONTENT=content)
            async with sending(home, told) as (telemetry, _):
                telemetry.call_ended(tell_call(home / "calls"))
                await until(lambda got=collector.received: got)
            assert expected in attributes(collector.named("turn 2"))["langfuse.observation.input"]


async def test_langfuse_is_reached_at_its_path_with_basic_auth(tmp_path: Path) -> None:
    secret = base64.b64encode(b"pk-lf-1:sk-lf-2").decode()
    with collecting() as collector:
        headers = f"Authorization=Basic%20{secret},x-langfuse-ingestion-version=4"
        told = telemetry_settings(
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"{collector.url}/api/public/otel",
                "OTEL_EXPORTER_OTLP_HEADERS": headers,
            }
        )
        assert told is not None
        assert secret not in repr(told)
        async with sending(tmp_path, told) as (telemetry, _):
            telemetry.call_ended(tell_call(tmp_path / "calls"))
            await until(lambda: collector.received)
    (received,) = collector.received
    assert received.path == "/api/public/otel/v1/traces"
    assert received.headers["authorization"] == f"Basic {secret}"
    assert received.headers["x-langfuse-ingestion-version"] == "4"
    assert received.headers["content-encoding"] == "gzip"


async def test_a_collector_that_is_down_for_a_while_gets_every_call_later(tmp_path: Path) -> None:
    traces = [tell_call(tmp_path / "calls", f"c{number}") for number in range(5)]
    with collecting() as collector:
        closed = socket.create_server(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        closed.close()
        told = dataclasses.replace(settings(f"http://127.0.0.1:{port}"), timeout_s=0.2)
        telemetry, waits = Telemetry(tmp_path, told, keyring(tmp_path, {})), Waits()
        telemetry.sending._wait = waits
        for trace in traces:
            telemetry.call_ended(trace)
        with capture_logs() as logs:
            telemetry.start()
            await until(lambda: len(waits.asked_s) >= 4)
            await telemetry.stop()
        assert waits.asked_s[:4] == [1, 2, 4, 8]
        assert telemetry.sending.counts.calls_dropped == 0
        assert [log["event"] for log in logs] == ["telemetry_waits", "calls_not_sent"], (
            "one line, not one a try"
        )
        async with sending(tmp_path, settings(collector.url)) as (again, _):
            for trace in traces:
                again.call_ended(trace)
            await until(lambda: again.sending.counts.calls_sent == 5)
        ids = {attributes(span)["session.id"] for span in collector.spans}
    assert ids == {f"c{number}" for number in range(5)}


async def test_a_busy_collector_is_left_alone_as_long_as_it_asks(tmp_path: Path) -> None:
    busy = Fault(status=429, headers={"retry-after": "120"})
    with collecting(busy) as collector:
        async with sending(tmp_path, settings(collector.url)) as (telemetry, waits):
            telemetry.call_ended(tell_call(tmp_path / "calls"))
            await until(lambda: telemetry.sending.counts.calls_sent == 1)
    assert waits.asked_s == [120]
    assert len(collector.spans) == SPANS


async def test_a_short_retry_after_is_waited_for_within_one_attempt(tmp_path: Path) -> None:
    with collecting(Fault(status=503, headers={"retry-after": "0"})) as collector:
        async with sending(tmp_path, settings(collector.url)) as (telemetry, waits):
            telemetry.call_ended(tell_call(tmp_path / "calls"))
            await until(lambda: telemetry.sending.counts.calls_sent == 1)
    assert waits.asked_s == []
    assert collector.asked == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 302])
async def test_what_is_refused_for_good_is_counted_and_keeps_no_other_back(
    tmp_path: Path, status: int
) -> None:
    with collecting(Fault(status=status, headers={"location": "/elsewhere"})) as collector:
        async with sending(tmp_path, settings(collector.url)) as (telemetry, waits):
            with capture_logs() as logs:
                telemetry.call_ended(tell_call(tmp_path / "calls", "refused"))
                telemetry.call_ended(tell_call(tmp_path / "calls", "taken"))
                await until(lambda: telemetry.sending.counts.calls_sent == 1)
    counts = telemetry.sending.counts
    assert (counts.calls_refused, counts.spans_refused, counts.spans_sent) == (1, SPANS, SPANS)
    assert waits.asked_s == []
    (refused,) = [log for log in logs if log["event"] == "spans_refused"]
    assert str(status) in refused["reason"]
    assert {attributes(span)["session.id"] for span in collector.spans} == {"taken"}


async def test_spans_of_a_call_that_were_not_taken_are_counted(tmp_path: Path) -> None:
    with collecting(partial(3)) as collector:
        async with sending(tmp_path, settings(collector.url)) as (telemetry, _):
            telemetry.call_ended(tell_call(tmp_path / "calls"))
            await until(lambda: telemetry.sending.counts.calls_sent == 1)
    assert telemetry.sending.counts.spans_refused == 3
    assert telemetry.sending.counts.spans_sent == SPANS - 3


async def test_a_collector_that_hangs_holds_nobody(tmp_path: Path) -> None:
    with collecting(Fault(hang=True)) as collector:
        loop = asyncio.get_running_loop()
        async with sending(tmp_path, settings(collector.url)) as (telemetry, _):
            telemetry.call_ended(tell_call(tmp_path / "calls"))
            await until(lambda: collector.asked == 1)
            ticked = loop.create_future()
            loop.call_soon(ticked.set_result, None)
            await asyncio.wait_for(ticked, 1)
            began_s = loop.time()
        assert loop.time() - began_s < STOP_S + 1, "stopping does not wait for it either"
        assert telemetry.sending.waiting == 1


async def test_a_trace_that_makes_no_sense_is_passed_over(tmp_path: Path) -> None:
    broken = tmp_path / "calls" / "2026-01-01" / "broken.jsonl"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"no trace\n")
    with collecting() as collector:
        async with sending(tmp_path, settings(collector.url)) as (telemetry, _):
            telemetry.call_ended(broken)
            telemetry.call_ended(tmp_path / "calls" / "2026-01-01" / "erased.jsonl")
            telemetry.call_ended(tell_call(tmp_path / "calls"))
            await until(lambda: telemetry.sending.counts.calls_sent == 1)
    assert telemetry.sending.counts.calls_unreadable == 2


async def test_a_restart_sends_what_was_not_sent_and_nothing_twice(tmp_path: Path) -> None:
    now_ms = _now_ms()
    first = tell_call(tmp_path / "calls", "first", now_ms)
    with collecting() as collector:
        async with sending(tmp_path, settings(collector.url)) as (telemetry, _):
            await until(lambda: telemetry.sending.counts.calls_sent == 1)
        assert first.stem in (tmp_path / "telemetry" / f"sent-{first.parent.name}").read_text()
        tell_call(tmp_path / "calls", "second", now_ms)
        tell_call(tmp_path / "calls", "years-ago", STARTED_MS)
        async with sending(tmp_path, settings(collector.url)) as (telemetry, _):
            await until(lambda: telemetry.sending.counts.calls_sent == 1)
    sessions = [attributes(received.spans[0])["session.id"] for received in collector.received]
    assert sessions == ["first", "second"]


async def test_past_the_bound_the_oldest_call_goes_unsent_and_is_counted(tmp_path: Path) -> None:
    taken: list[str] = []
    gate = threading.Event()

    def send(trace: Path) -> Answer:
        gate.wait(10)
        taken.append(trace.name)
        return Answer(sent=1)

    queue = CallSending(send, _nothing, waiting_max=3)
    for number in range(10):
        queue.offer(Path(f"c{number}"))
    assert (queue.waiting, queue.counts.calls_dropped) == (3, 7)
    gate.set()
    queue.start()
    await until(lambda: len(taken) == 3)
    await queue.stop()
    assert taken == ["c7", "c8", "c9"]


async def test_a_fault_of_ours_in_one_call_keeps_no_other_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda told: seen.append(told.exc_type.__name__))

    def send(trace: Path) -> Answer:
        if trace.name == "bad":
            raise ZeroDivisionError
        return Answer(sent=1)

    queue = CallSending(send, _nothing)
    queue.offer(Path("bad"))
    queue.offer(Path("good"))
    queue.start()
    await until(lambda: queue.counts.calls_sent == 1)
    await queue.stop()
    assert (queue.counts.calls_unreadable, seen) == (1, ["ZeroDivisionError"])


def _nothing(trace: Path) -> None: ...


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
