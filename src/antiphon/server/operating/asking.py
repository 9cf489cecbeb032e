"""A running `antiphon serve`, asked by whoever types a command."""

from __future__ import annotations

import os
from typing import Any

import httpx

from antiphon.errors import AntiphonError, ConfigError, DeadlineExceeded

SERVER = "http://127.0.0.1:8080"
API_KEY = "ANTIPHON_API_KEY"  # Where the server wants one: `antiphon keys create`.
_REQUEST_S = 20.0  # The server itself waits 15 s at most, for a carrier.


def asked(server: str, method: str, path: str, body: object = None, *, key: str = "") -> Any:
    """Any: JSON. `key`: the intent's own. Raises: ConfigError: Nobody is there. AntiphonError: The server
    refused, in its words. DeadlineExceeded: It was asked, and did not answer."""
    secret = os.environ.get(API_KEY, "").strip()
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    if key:
        headers["idempotency-key"] = key
    url = server.rstrip("/") + path
    try:
        answer = httpx.request(method, url, json=body, headers=headers, timeout=_REQUEST_S)
    except httpx.ReadTimeout:
        again = f"; it may ring: look with `antiphon calls placed {key}`" if key else ""
        raise DeadlineExceeded(f"{server} did not answer in {_REQUEST_S:g} s{again}") from None
    except httpx.HTTPError as error:
        raise ConfigError(
            f"{server} cannot be reached ({type(error).__name__})",
            fix="start `antiphon serve`, or name it with --server",
        ) from error
    try:
        told = answer.json() if answer.content else None
    except ValueError:
        raise ConfigError(
            f"{server} is no antiphon server", fix="name a running `antiphon serve` with --server"
        ) from None
    if answer.is_error:
        raise AntiphonError(_refusal(told) if isinstance(told, dict) else answer.text)
    return told


def _refusal(problem: dict[str, Any]) -> str:
    words = str(problem.get("detail") or problem)
    return f"{words}\n  fix: {problem['fix']}" if problem.get("fix") else words
