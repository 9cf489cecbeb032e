"""Where spans go, from the environment."""

from __future__ import annotations

import pytest

from antiphon.errors import ConfigError
from antiphon.operations.telemetry.settings import Content, telemetry_settings


def endpoint(**environ: str) -> str:
    told = telemetry_settings(environ)
    return told.endpoint if told is not None else ""


def test_nobody_is_sent_anything_unless_told() -> None:
    assert telemetry_settings({}) is None
    assert telemetry_settings({"OTEL_EXPORTER_OTLP_HEADERS": "a=b"}) is None
    assert endpoint(ANTIPHON_OTLP_ENDPOINT="http://x", OTEL_SDK_DISABLED="true") == ""


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
        ("https://x/v1/traces", "https://x/v1/traces"),
        (
            "https://cloud.langfuse.com/api/public/otel",
            "https://cloud.langfuse.com/api/public/otel/v1/traces",
        ),
        ("https://api.smith.langchain.com/otel", "https://api.smith.langchain.com/otel/v1/traces"),
        ("https://api.helicone.ai/v1/trace/log-python", "https://api.helicone.ai/v1/trace/log-python"),
    ],
)
def test_an_address_gets_the_path_of_traces_where_it_has_none(given: str, used: str) -> None:
    assert endpoint(ANTIPHON_OTLP_ENDPOINT=given) == used


def test_our_variable_comes_before_the_standard_ones_and_those_are_taken_as_the_standard_says() -> None:
    whole, base = "https://whole/custom", "https://base"
    ours = {"ANTIPHON_OTLP_ENDPOINT": "https://ours"}
    standard = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": whole, "OTEL_EXPORTER_OTLP_ENDPOINT": base}
    assert endpoint(**ours, **standard) == "https://ours/v1/traces"
    assert endpoint(**standard) == "https://whole/custom"
    assert endpoint(OTEL_EXPORTER_OTLP_ENDPOINT=base) == "https://base/v1/traces"


def test_headers_are_decoded_and_content_is_off() -> None:
    told = telemetry_settings(
        {
            "ANTIPHON_OTLP_ENDPOINT": "http://x",
            "ANTIPHON_OTLP_HEADERS": "X-Api-Key=a%2Cb%3D, dd-otlp-source=llmobs",
        }
    )
    assert told is not None
    assert told.headers == {"x-api-key": "a,b=", "dd-otlp-source": "llmobs"}
    assert told.content is Content.NONE
    assert "a,b=" not in repr(told)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANTIPHON_OTLP_ENDPOINT", "collector:4318"),
        ("ANTIPHON_OTLP_ENDPOINT", "file:///etc/passwd"),
        ("ANTIPHON_OTLP_HEADERS", "secret-without-name"),
        ("ANTIPHON_OTLP_HEADERS", "a=secret%0d%0ainjected"),
        ("ANTIPHON_OTLP_CONTENT", "everything"),
    ],
)
def test_what_is_wrong_is_told_without_secrets(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as told:
        telemetry_settings({"ANTIPHON_OTLP_ENDPOINT": "http://x"} | {name: value})
    assert name in str(told.value)
    assert "secret" not in str(told.value)
