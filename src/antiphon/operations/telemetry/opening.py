"""Telemetry put together: from the trace of a call to its spans at the collector."""

from __future__ import annotations

import hmac
import importlib
from hashlib import sha256
from pathlib import Path

import structlog

from antiphon.errors import ConfigError
from antiphon.operations.telemetry.journal import SentCalls
from antiphon.operations.telemetry.sending import Answer, CallSending
from antiphon.operations.telemetry.settings import ENDPOINT, TelemetrySettings
from antiphon.operations.telemetry.tree import call_span, caller_number, common_attributes
from antiphon.operations.telemetry.words import Words
from antiphon.runtime.records.lines import read_call
from antiphon.storage.keys import Keyring

log = structlog.get_logger(__name__)


class Telemetry:
    """Sends every call of a data directory once it is over.

    Raises:
        ConfigError: OpenTelemetry is not installed.
    """

    def __init__(self, home: Path, settings: TelemetrySettings, keys: Keyring) -> None:
        try:
            self._otlp = importlib.import_module("antiphon.operations.telemetry.otlp")
        except ModuleNotFoundError as error:
            raise ConfigError(
                "spans need OpenTelemetry", where=ENDPOINT, fix="pip install 'antiphon[otel]'"
            ) from error
        self._settings = settings
        # A person is the same in all his calls and found nowhere else; the key stays here.
        self._person_key = hmac.digest(keys.keys[keys.current], b"antiphon telemetry persons", sha256)
        self._sent = SentCalls(home)
        self._sender = self._otlp.OtlpSender(settings)
        self.sending = CallSending(self._send, self._settled)

    def start(self) -> None:
        """What ended while nobody was here comes first."""
        for trace in self._sent.unsent():
            self.sending.offer(trace)
        self.sending.start()

    async def stop(self) -> None:
        await self.sending.stop()
        self._sender.stop()

    def call_ended(self, trace: Path) -> None:
        self.sending.offer(trace)

    def counted(self) -> dict[str, int]:
        counts = self.sending.counts
        names = type(counts).__dataclass_fields__
        return {name: getattr(counts, name) for name in names} | {"calls_waiting": self.sending.waiting}

    def _send(self, trace: Path) -> Answer | None:
        try:
            record = read_call(trace)
        except ConfigError as error:
            log.warning("call_not_sent", call=trace.stem, reason=error.message)
            return None
        number = caller_number(record)
        answer: Answer = self._sender.send(
            self._otlp.CallSpans(
                call_id=record.header.call_id,
                wall_time_ms=record.header.wall_time_ms,
                root=call_span(record, Words(self._settings.content)),
                common=common_attributes(record, self._person(number) if number else ""),
            )
        )
        return answer

    def _settled(self, trace: Path) -> None:
        try:
            self._sent.add(trace)
        except OSError as error:
            log.warning("sent_call_not_noted", call=trace.stem, reason=error.strerror)

    def _person(self, number: str) -> str:
        return "person-" + hmac.digest(self._person_key, number.encode(), sha256).hex()[:16]
