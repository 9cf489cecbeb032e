"""`Client` and `AsyncClient`: one method per operation, each a description of one request.

The operations are written once, in `operations.py`; a client sends what they describe.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any, Self, TypedDict

import httpx

from antiphon.client.asking import Request
from antiphon.client.operations import Operations

KEY_VARIABLE = "ANTIPHON_API_KEY"
URL_VARIABLE = "ANTIPHON_API_URL"
URL = "http://127.0.0.1:8080"
TIMEOUT_S = 30.0


class Call(TypedDict):
    """As in a list of calls."""

    call_id: str
    agent: str
    line: str
    direction: str
    caller: str
    called: str
    state: str
    started_at_ms: int
    duration_ms: int
    end_cause: str
    outcome: str
    turns: int
    tools: int
    errors: int
    interruptions: int
    response_p50_ms: int | None
    response_p95_ms: int | None
    response_p99_ms: int | None
    cost_usd: str
    cost_complete: bool


class Calls(TypedDict):
    calls: list[Call]
    after: str


class ApiError(Exception):
    """The API refused: its problem document (RFC 9457).

    Attributes:
        status: The HTTP status.
        fix: How to put it right, where the server knows.
        retry_after_s: Of a 429: when to ask again.
    """

    def __init__(self, response: httpx.Response) -> None:
        try:
            problem = response.json()
        except ValueError:
            problem = {}
        problem = problem if isinstance(problem, dict) else {}
        self.status = response.status_code
        self.detail = str(problem.get("detail") or response.reason_phrase)
        self.fix = str(problem.get("fix") or "")
        after = response.headers.get("retry-after", "")
        self.retry_after_s = float(after) if after.isdecimal() else None
        super().__init__(f"{self.status}: {self.detail}" + (f" ({self.fix})" if self.fix else ""))


def _options(url: str, key: str) -> dict[str, Any]:
    base = (url or os.environ.get(URL_VARIABLE, "") or URL).rstrip("/")
    key = key or os.environ.get(KEY_VARIABLE, "")
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return {"base_url": base, "headers": headers, "timeout": TIMEOUT_S}


class Client(Operations[Any]):
    """Blocks. `with Client() as antiphon: antiphon.calls(agent="clinic")`.

    Args:
        url: Of the server; `ANTIPHON_API_URL`, else this machine's.
        key: An API key; `ANTIPHON_API_KEY`, else none (a server on this machine may want none).
        transport: For tests.
    """

    def __init__(self, url: str = "", key: str = "", *, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(transport=transport, **_options(url, key))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def every_call(self, **wanted: Any) -> Iterator[Call]:
        """All calls that match, page by page."""
        after = ""
        while True:
            page: Calls = self.calls(**wanted, after=after)
            yield from page["calls"]
            after = page["after"]
            if not after:
                return

    def _send(self, request: Request) -> Any:
        return _answer(self._http.request(**request.options()), request)


class AsyncClient(Operations[Any]):
    """As `Client`; every method is awaited."""

    def __init__(
        self, url: str = "", key: str = "", *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._http = httpx.AsyncClient(transport=transport, **_options(url, key))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def every_call(self, **wanted: Any) -> AsyncIterator[Call]:
        """All calls that match, page by page."""
        after = ""
        while True:
            page: Calls = await self.calls(**wanted, after=after)
            for call in page["calls"]:
                yield call
            after = page["after"]
            if not after:
                return

    async def _send(self, request: Request) -> Any:
        return _answer(await self._http.request(**request.options()), request)


def _answer(response: httpx.Response, request: Request) -> Any:
    if response.is_error:
        raise ApiError(response)
    if request.raw:
        return response.content
    return response.json() if response.content else None
