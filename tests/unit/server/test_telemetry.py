"""A running index tells collectors and Prometheus of every call as it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.doubles.api_world import OUTSIDE, api_world
from tests.doubles.otlp_collector import attributes, collecting
from tests.doubles.waiting import until
from tests.unit.operations.telemetry.told_call import tell_call

from antiphon.errors import ConfigError
from antiphon.server.keeping.service import IndexService


async def test_a_call_that_ends_is_indexed_measured_and_sent(tmp_path: Path) -> None:
    with collecting() as collector:
        service = IndexService(tmp_path, {"ANTIPHON_OTLP_ENDPOINT": collector.url})
        await service.start()
        try:
            tell_call(tmp_path / "calls", "while-it-runs")
            await until(lambda: collector.received)
        finally:
            await service.stop()
        assert {attributes(span)["session.id"] for span in collector.spans} == {"while-it-runs"}
    lines = [line for family in service.measures.families() for line in family.lines()]
    assert 'antiphon_calls_ended_total{agent="clinic",line="phone",outcome="contained"} 1' in lines


async def test_a_collector_that_is_down_keeps_no_call_from_the_index(tmp_path: Path) -> None:
    service = IndexService(tmp_path, {"ANTIPHON_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    await service.start()
    try:
        tell_call(tmp_path / "calls")
        telemetry, records = service.telemetry, service._records
        assert telemetry is not None and records is not None
        await until(lambda: telemetry.sending.waiting == 1)
        call = await records.find("default", "c1")
        assert call is not None and call.state == "complete"
    finally:
        await service.stop()


async def test_a_wrong_setting_is_told_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not an address"):
        IndexService(tmp_path, {"ANTIPHON_OTLP_ENDPOINT": "collector"})


async def test_metrics_tell_of_calls_and_of_what_waits(tmp_path: Path) -> None:
    service = IndexService(tmp_path, {"ANTIPHON_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    async with api_world(tmp_path, OUTSIDE) as world:
        world.control.index = service
        text = (await world.http.get("/metrics")).text
    found = {family.name for family in text_string_to_metric_families(text)}
    assert {
        "antiphon_response_latency_seconds",
        "antiphon_cost_usd",
        "antiphon_telemetry_calls_waiting",
        "antiphon_webhook_deliveries_waiting",
    } <= found
