"""Errors of the HTTP API as problem documents (RFC 9457)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from antiphon.errors import (
    AntiphonError,
    CallFailed,
    ConfigError,
    DeadlineExceeded,
    Denied,
    ProviderError,
    ProviderRejected,
)

log = structlog.get_logger(__name__)

_STATUS: dict[type, int] = {
    CallFailed: 503,
    ConfigError: 400,
    DeadlineExceeded: 504,
    Denied: 403,
    ProviderRejected: 502,
}


# Absolute paths of files: where something lies on our disk is nobody's business but the operator's.
_FILE = re.compile(r"(?<![\w:/.])/(?:[\w.@+-]+/)+[\w.@+-]*")


class Problem(Exception):
    """An HTTP error with words for whoever called. `retry_after_s`: when it may be asked again."""

    def __init__(self, status: int, detail: str, *, fix: str = "", retry_after_s: float = 0.0) -> None:
        super().__init__(detail)
        self.status, self.detail, self.fix = status, detail, fix
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        if self.status == 401:
            return {"www-authenticate": "Bearer"}  # RFC 9110, 15.5.2: a 401 names a scheme.
        return {"retry-after": str(math.ceil(self.retry_after_s))} if self.retry_after_s else {}


def problem_response(
    status: int, detail: str, *, fix: str = "", headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """A problem document; `fix` says how to put it right where we know."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if fix:
        body["fix"] = fix
    return JSONResponse(
        body, status_code=status, headers=dict(headers or {}), media_type="application/problem+json"
    )


def status_of(error: Exception) -> int:
    """The HTTP status an error becomes."""
    match error:
        case Problem():
            return error.status
        case HTTPException():
            return error.status_code
        case RequestValidationError():
            return 422
        case AntiphonError():
            kinds = (kind for kind in type(error).__mro__ if kind in _STATUS)
            return next((_STATUS[kind] for kind in kinds), 503)
        case _:
            return 500


def without_files(text: str) -> str:
    """`text` without the paths of files on our disk."""
    return _FILE.sub("(a file)", text)


def answer_with_problems(app: FastAPI) -> None:
    """Register the handlers that turn every error into a problem document."""

    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> JSONResponse:
        return problem_response(error.status, error.detail, fix=error.fix, headers=error.headers)

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        return problem_response(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def not_valid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return problem_response(422, f"{place}: {first['msg']}")

    @app.exception_handler(AntiphonError)
    async def ours(_: Request, error: AntiphonError) -> JSONResponse:
        if isinstance(error, ProviderError):
            # What a vendor answered may name accounts; the log has it.
            log.warning("provider_refused", provider=error.provider, reason=str(error))
            return problem_response(status_of(error), f"{error.provider} did not do it")
        if isinstance(error, ConfigError):
            return problem_response(
                status_of(error), without_files(error.message), fix=without_files(error.fix)
            )
        return problem_response(status_of(error), without_files(str(error)))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        # The HTTP edge: the caller of the API learns nothing of our insides, the log everything.
        log.error("request_failed", path=request.url.path, exc_info=error)
        return problem_response(500, "something went wrong on our side")
