"""A carrier's JSON interface over HTTP: one pool of connections, no retries, and every failure told by
whether the thing was done (`calls.ports`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from antiphon.errors import (
    CallFailed,
    DeadlineExceeded,
    ProviderProtocolError,
    ProviderRejected,
    ProviderUnavailable,
)

REQUEST_S = 10.0
_SAID_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request.

    Attributes:
        headers: Credentials, where they are not the same for every request.
        call_id: The call it concerns: what is not found then is that call.
        acts: False: asking again does no harm, so no answer is no worse than a refusal.
    """

    method: str
    url: str
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str] | None = None
    query: Mapping[str, str | int] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    call_id: str = ""
    acts: bool = True


class Rest:
    """Args: said: The carrier's own words for a refusal, from its decoded answer."""

    def __init__(self, carrier: str, said: Callable[[Any], str], request_s: float = REQUEST_S) -> None:
        self._carrier, self._said = carrier, said
        self._client = httpx.AsyncClient(timeout=request_s)

    async def ask(self, ask: Ask) -> Any:
        """The decoded answer (Any: JSON), None where there is no body.

        Raises:
            CallFailed, ProviderRejected, ProviderUnavailable, ProviderProtocolError, DeadlineExceeded
        """
        try:
            answer = await self._client.request(
                ask.method, ask.url, json=ask.json, data=ask.form, params=ask.query, headers=ask.headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise ProviderUnavailable(self._carrier, f"cannot be reached ({type(error).__name__})") from error
        except httpx.HTTPError as error:
            raise self._unknown(ask, f"did not answer ({type(error).__name__})") from error
        if answer.is_error:
            raise self._refusal(ask, answer)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise ProviderProtocolError(self._carrier, "an answer that is no JSON") from error

    async def aclose(self) -> None:
        await self._client.aclose()

    def _refusal(self, ask: Ask, answer: httpx.Response) -> Exception:
        try:
            words = self._said(answer.json())[:_SAID_MAX]
        except (ValueError, AttributeError, TypeError, KeyError):
            words = "no reason given"
        said = f"{words} (HTTP {answer.status_code})"
        if ask.call_id and answer.status_code == 404:
            return CallFailed(f"{self._carrier}: {said}")
        if answer.status_code == 429:
            after_ms = retry_after_ms(answer.headers)
            return ProviderUnavailable(self._carrier, said, retry_after_ms=after_ms)
        if answer.status_code >= 500:
            return self._unknown(ask, said)
        return ProviderRejected(self._carrier, said)

    def _unknown(self, ask: Ask, said: str) -> Exception:
        if ask.acts:
            return DeadlineExceeded(f"{self._carrier}: {said}")
        return ProviderUnavailable(self._carrier, said)


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """When the carrier may be asked again. RFC 9110, 10.2.3; a date is nothing we were ever sent."""
    told = headers.get("retry-after", "")
    return int(told) * 1000 if told.isascii() and told.isdecimal() and len(told) < 7 else None


@contextmanager
def understood(carrier: str) -> Iterator[None]:
    """Around the reading of an answer. Raises: ProviderProtocolError: It has not the documented form."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ProviderProtocolError(carrier, f"an answer nobody understands ({error!r})") from error


def field_of(carrier: str, answer: Any, name: str) -> str:
    """A text that has to be in an answer. Raises: ProviderProtocolError: It is not."""
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value:
        raise ProviderProtocolError(carrier, f"an answer without {name}")
    return value
