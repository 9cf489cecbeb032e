"""An HTTP status as one of our errors, and when the vendor may be asked again. Sources: RFC 9110, sections
10.2.3 and 15; the vendors' error pages, read 2026-11."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime

from antiphon.errors import ProviderError, ProviderRejected, ProviderUnavailable

# Request timeout, conflict with itself, too early, too many, out of capacity (Groq's 498): all of them pass.
PASSING = frozenset({408, 409, 425, 429, 498})


def refused(provider: str, status: int, headers: Mapping[str, str] | None = None) -> ProviderError:
    """The error for a status; its message never repeats the body, which may hold a caller's words."""
    if status in PASSING or status >= 500:
        said = "rate limited" if status == 429 else f"HTTP {status}"
        return ProviderUnavailable(provider, said, retry_after_ms=retry_after_ms(headers or {}))
    return ProviderRejected(provider, f"HTTP {status}: check the key, the model and the address")


def answered_with(error: BaseException | None) -> Mapping[str, str]:
    """Headers of the answer that an exception tells of, or of the one it stands for; none where an SDK kept
    none."""
    while error is not None:
        response = getattr(error, "response", None)
        headers = getattr(response, "headers", None) or getattr(error, "headers", None)
        if headers:
            found: Mapping[str, str] = headers
            return found
        error = error.__cause__ or error.__context__
    return {}


def retry_after_ms(headers: Mapping[str, str], now: datetime | None = None) -> int | None:
    """From Retry-After in seconds or as a date, or the more exact retry-after-ms; None when not told."""
    exact = _number(headers.get("retry-after-ms", ""))
    if exact is not None:
        return int(exact)
    text = headers.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None:
        return int(seconds * 1000)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0, int((at - (now or datetime.now(UTC))).total_seconds() * 1000))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 86_400_000 else None
