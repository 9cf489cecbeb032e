"""Statuses as errors, and when to come again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from antiphon.errors import ProviderRejected, ProviderUnavailable
from antiphon.providers.refusals import refused, retry_after_ms

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [408, 409, 425, 429, 498, 500, 502, 503, 504, 529])
def test_what_passes_is_unavailable(status: int) -> None:
    assert type(refused("x", status)) is ProviderUnavailable


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422, 451])
def test_what_stays_is_rejected(status: int) -> None:
    assert type(refused("x", status)) is ProviderRejected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry-after": "2"}, 2_000),
        ({"retry-after": "0.5"}, 500),
        ({"retry-after": "7", "retry-after-ms": "250"}, 250),
        ({"retry-after": "Wed, 25 Nov 2026 12:00:03 GMT"}, 3_000),
        ({"retry-after": "Wed, 25 Nov 2026 11:59:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_when_to_come_again(headers: dict[str, str], expected: int | None) -> None:
    assert retry_after_ms(headers, NOW) == expected
