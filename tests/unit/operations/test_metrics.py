"""What Prometheus reads: parsed by its own parser, named by its own rules."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.runtime.recorded_call import EVENTS, record_call

from antiphon.conversation import events as e
from antiphon.operations.exposition import OTHER, VALUES_MAX, Counter, Histogram, text_of
from antiphon.operations.measures import CallMeasures
from antiphon.operations.metrics import exposition
from antiphon.runtime.records import lines
from antiphon.runtime.records.lines import note_line, read_call
from antiphon.storage.traces import TraceWriter

STATUS = {
    "calls": 3,
    "ready": True,
    "counters": {"ticks_late": 2, "tick_p99_us": 900, "odd name!": 1, "providers_left_alone": 1},
    "providers": {"stt acme/one": "closed", "llm acme/two": "open"},
}
PROCESSES = [("media", True, 1), ('a "quoted"\nname \\', False, 0)]
# "Metric and label naming": base units; a total is a counter; no unit but at the end.
_NOT_BASE_UNITS = re.compile(r"_(ms|us|milliseconds|minutes|hours|kilobytes|percent)(_|$)")


def families(text: str) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(text: str, sample: str, **labels: str) -> float:
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            if one.name == sample and one.labels == labels:
                return float(one.value)
    raise AssertionError(f"there is no {sample} {labels}")


def told(measures: CallMeasures, counted: dict[str, int] | None = None) -> str:
    return exposition(STATUS, PROCESSES, counted, measures.families())


def test_the_worker_and_the_processes_are_told() -> None:
    text = exposition(STATUS, PROCESSES)
    assert value(text, "antiphon_calls_active") == 3
    assert value(text, "antiphon_ticks_late_total") == 2
    assert value(text, "antiphon_tick_p99_seconds") == 0.0009
    assert value(text, "antiphon_odd_name_total") == 1
    assert value(text, "antiphon_process_restarts_total", process="media") == 1
    assert value(text, "antiphon_process_ready", process='a "quoted"\nname \\') == 0
    assert value(text, "antiphon_providers_left_alone") == 1


def test_the_state_of_each_breaker_is_told() -> None:
    text = exposition(STATUS, PROCESSES)
    for role, provider, state in (("stt", "acme/one", "closed"), ("llm", "acme/two", "open")):
        for one in ("closed", "half_open", "open"):
            found = value(text, "antiphon_provider_state", role=role, provider=provider, state=one)
            assert found == (one == state)


def test_without_a_worker_only_the_processes_are_told() -> None:
    text = exposition({}, [("media", False, 4)])
    assert value(text, "antiphon_process_ready", process="media") == 0
    assert "antiphon_calls_active" not in families(text)


def test_what_waits_is_a_gauge() -> None:
    text = told(CallMeasures(), {"telemetry_calls_waiting": 7, "telemetry_spans_sent": 12})
    found = families(text)
    assert found["antiphon_telemetry_calls_waiting"].type == "gauge"
    assert found["antiphon_telemetry_spans_sent"].type == "counter"


@pytest.fixture
def measures(tmp_path: Path) -> CallMeasures:
    made = CallMeasures()
    made.take(record_call(tmp_path))
    return made


def test_a_finished_call_is_counted_by_how_it_went(measures: CallMeasures) -> None:
    text = told(measures)
    assert (
        value(text, "antiphon_calls_ended_total", agent="clinic", line="loopback", outcome="contained") == 1
    )
    assert value(text, "antiphon_call_duration_seconds_count") == 1
    assert value(text, "antiphon_call_duration_seconds_sum") == 12
    assert value(text, "antiphon_call_duration_seconds_bucket", le="15") == 1
    assert value(text, "antiphon_call_duration_seconds_bucket", le="5") == 0
    assert value(text, "antiphon_response_latency_seconds_count") == 2
    assert value(text, "antiphon_response_latency_seconds_sum") == pytest.approx(0.32 + 0.59)
    assert value(text, "antiphon_response_latency_seconds_bucket", le="0.4") == 1
    assert value(text, "antiphon_response_latency_seconds_bucket", le="+Inf") == 2
    for stage in ("vad", "final_transcript", "endpointing", "reasoner", "tts", "playout"):
        assert value(text, "antiphon_stage_latency_seconds_count", stage=stage) == 2
    assert value(text, "antiphon_interruptions_total", kind="barge_in") == 1
    assert value(text, "antiphon_interruptions_total", kind="false_interruption") == 1


def test_errors_failures_and_costs_are_counted_by_kind_and_provider(tmp_path: Path) -> None:
    record = record_call(tmp_path, [*EVENTS[:-1], e.LineFailed(at_ms=11_000, reason="gone"), EVENTS[-1]])
    header = record.header
    trace = TraceWriter(tmp_path / "again", "c1", lines.header_fields(header))
    for entry in record.entries:
        trace.write(entry.raw)
    trace.write(note_line(12_000, "voice_failed", provider="acme/voice", reason="503"))
    trace.write(note_line(12_000, "model_failed", provider="acme/model", reason="503"))
    for _ in range(3):
        trace.write(note_line(12_000, "phrase_cached", provider="acme/voice", characters=5))
    trace.write(note_line(12_000, "usage", provider="acme/voice", role="tts", characters=5, cost_usd="0"))
    used = {"role": "llm", "reply": "r2", "input_tokens": 5}
    trace.write(note_line(12_000, "usage", provider="acme/model", cost_usd="0.0025", **used))
    trace.write(note_line(12_000, "usage", provider="acme/model", cost_usd="0.0005", wasted=True, **used))
    trace.write(note_line(12_000, "usage", provider="acme/new", cost_usd=None, **used))
    assert trace.close().result(10)
    measures = CallMeasures()
    measures.take(read_call(trace.path))
    text = told(measures)
    assert value(text, "antiphon_call_errors_total", kind="line_failed") == 1
    assert value(text, "antiphon_call_errors_total", kind="voice_failed") == 1
    assert value(text, "antiphon_provider_failures_total", role="tts", provider="acme/voice") == 1
    acme = {"role": "llm", "provider": "acme/model"}
    assert value(text, "antiphon_provider_failures_total", **acme) == 1
    assert value(text, "antiphon_phrases_total", source="cache") == 3
    assert value(text, "antiphon_phrases_total", source="voice") == 1
    assert value(text, "antiphon_cost_usd_total", **acme) == pytest.approx(0.003)
    assert value(text, "antiphon_wasted_cost_usd_total", **acme) == pytest.approx(0.0005)
    assert value(text, "antiphon_unpriced_requests_total", role="llm", provider="acme/new") == 1


def test_names_follow_the_conventions(measures: CallMeasures) -> None:
    text = told(measures, {"telemetry_calls_waiting": 0, "webhook_deliveries_waiting": 0})
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    helped = set(re.findall(r"^# HELP (\S+) \S", text, re.MULTILINE))
    assert kinds.keys() == helped, "every metric says what it is, and what it is of"
    assert len(kinds) == len(re.findall(r"^# TYPE ", text, re.MULTILINE)), "no metric is told twice"
    for name, kind in kinds.items():
        assert re.fullmatch(r"antiphon_[a-z0-9_]*[a-z0-9]", name), name
        assert (kind == "counter") == name.endswith("_total"), name
        assert not _NOT_BASE_UNITS.search(name), name
        assert kind != "histogram" or name.endswith("_seconds"), name
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            assert not {"quantile", "job", "instance"} & sample.labels.keys()


def test_a_label_has_at_most_so_many_values_whoever_names_them() -> None:
    counter = Counter("antiphon_things", "Things.", ("kind",))
    histogram = Histogram("antiphon_things_seconds", "Things.", ("kind",), (1.0,))
    for number in range(VALUES_MAX * 10):
        counter.add(f"kind {number}", amount=Decimal("0.1"))
        histogram.observe(0.5, f"kind {number}")
    text = text_of([counter, histogram])
    assert len(families(text)["antiphon_things"].samples) == VALUES_MAX + 1
    assert value(text, "antiphon_things_total", kind=OTHER) == pytest.approx(90)
    assert value(text, "antiphon_things_seconds_count", kind=OTHER) == VALUES_MAX * 9
