"""The last door of the log: what finds a person or opens a door is taken out of every line, whoever wrote it.

Nobody is to log numbers, words or secrets in the first place; but vendors put into their errors what they
like.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

_MARK: Final = "[redacted]"
_SECRET_NAME: Final = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|HEADERS|CREDENTIALS|DATABASE_URL)S?$")
_SECRET_MIN: Final = 8  # Shorter ones would take ordinary words out.
_PATTERNS: Final = (
    re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"\b(?:sk|pk|rk|ak|whsec|xox[abp]|gh[pousr])[-_][A-Za-z0-9_-]{8,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),  # A JSON web token.
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    re.compile(r"(?<![\w.])\+\d(?:[\s().-]{0,2}\d){6,14}\b"),  # E.164, also as people write it.
    re.compile(r"\b\d(?:[ -]?\d){12,18}\b"),  # A card.
)
# Ours, and no person's: times of day in ms, ids that begin with a date.
_KEPT: Final = frozenset({"call", "call_id", "timestamp", "at_ms", "level", "process", "run"})


class LogRedaction:
    """A processor of structlog; `RedactingFormatter` is the same for lines of libraries.

    Args:
        environ: Its secrets are known by the names of their variables.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        secrets = {
            value
            for name, value in environ.items()
            if _SECRET_NAME.search(name.upper()) and len(value) >= _SECRET_MIN
        }
        # The longest first: one may be part of another.
        known = sorted(secrets, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        """Any: as structlog calls its processors."""
        return {name: value if name in _KEPT else self._clean(value) for name, value in event.items()}

    def text(self, text: str) -> str:
        if self._secrets is not None:
            text = self._secrets.sub(_MARK, text)
        for pattern in _PATTERNS:
            text = pattern.sub(_MARK, text)
        return text

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {name: self._clean(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean(inner) for inner in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(str(value))


class RedactingFormatter(logging.Formatter):
    """Cleans the whole line, tracebacks too."""

    def __init__(self, form: str, redaction: LogRedaction) -> None:
        super().__init__(form)
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        return self._redaction.text(super().format(record))
