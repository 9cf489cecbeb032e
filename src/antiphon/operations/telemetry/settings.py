"""Where spans go and what they may say, from the environment: our variables, else OpenTelemetry's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import unquote, urlsplit

from antiphon.errors import ConfigError

ENDPOINT: Final = "ANTIPHON_OTLP_ENDPOINT"
HEADERS: Final = "ANTIPHON_OTLP_HEADERS"
CONTENT: Final = "ANTIPHON_OTLP_CONTENT"
_STANDARD: Final = "OTEL_EXPORTER_OTLP"
_TRACES_PATH: Final = "/v1/traces"


class Content(StrEnum):
    """What of the words goes out. Numbers, latencies, costs and names of tools always do."""

    NONE = "none"
    REDACTED = "redacted"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySettings:
    """Attributes:
    endpoint: The full address spans are posted to.
    headers: Secrets are among them.
    timeout_s: Of one export, its retries included.
    """

    endpoint: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: Content = Content.NONE
    service: str = "antiphon"
    timeout_s: float = 10.0


def telemetry_settings(environ: Mapping[str, str] = os.environ) -> TelemetrySettings | None:
    """None where nobody wants spans.

    Raises:
        ConfigError: An address, a header or a choice that is none.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    endpoint = _endpoint(environ)
    if not endpoint:
        return None
    return TelemetrySettings(
        endpoint=endpoint,
        headers=_headers(environ),
        content=_content(environ),
        service=environ.get("OTEL_SERVICE_NAME", "").strip() or "antiphon",
    )


def _endpoint(environ: Mapping[str, str]) -> str:
    """A base address gets the path of traces; the standard's address of traces is taken as it is."""
    whole = f"{_STANDARD}_TRACES_ENDPOINT"
    for name in (ENDPOINT, whole, f"{_STANDARD}_ENDPOINT"):
        given = environ.get(name, "").strip()
        if not given:
            continue
        parts = urlsplit(given)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ConfigError(
                f"{given!r} is not an address", where=name, fix="write it as https://collector.example.com"
            )
        complete = name == whole or (name == ENDPOINT and parts.path.rstrip("/").endswith(_KNOWN_ENDS))
        return given if complete else given.rstrip("/") + _TRACES_PATH
    return ""


# Helicone takes OTLP at a path of its own.
_KNOWN_ENDS: Final = (_TRACES_PATH, "/v1/trace/log-python")


def _headers(environ: Mapping[str, str]) -> dict[str, str]:
    """`name=value,name=value`, values percent-encoded where they hold a comma (W3C Baggage)."""
    for name in (HEADERS, f"{_STANDARD}_TRACES_HEADERS", f"{_STANDARD}_HEADERS"):
        given = environ.get(name, "").strip()
        if given:
            return dict(_header(entry, name) for entry in given.split(",") if entry.strip())
    return {}


def _header(entry: str, where: str) -> tuple[str, str]:
    key, equals, value = entry.partition("=")
    key, value = unquote(key).strip().lower(), unquote(value).strip()
    printable = value.isprintable() and value.isascii()
    if not equals or not key or not printable:
        # The entry itself may be a secret, and is not repeated.
        raise ConfigError("an entry is no header", where=where, fix="write name=value,name=value")
    return key, value


def _content(environ: Mapping[str, str]) -> Content:
    given = environ.get(CONTENT, "").strip().lower() or Content.NONE
    try:
        return Content(given)
    except ValueError:
        choices = ", ".join(Content)
        raise ConfigError(f"{given!r} is none of {choices}", where=CONTENT, fix="choose one") from None
