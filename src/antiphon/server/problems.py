"""Errors of the HTTP API as problem documents (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from antiphon.errors import AntiphonError, CallFailed, ConfigError, DeadlineExceeded, Denied

log = structlog.get_logger(__name__)

_STATUS: dict[type[AntiphonError], int] = {
    CallFailed: 503,
    ConfigError: 400,
    DeadlineExceeded: 504,
    Denied: 403,
}


class Problem(Exception):
    """An HTTP error with words for whoever called."""

    def __init__(self, status: int, detail: str, *, fix: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.fix = status, detail, fix


def problem_response(status: int, detail: str, *, fix: str = "") -> JSONResponse:
    """A problem document; `fix` says how to put it right where we know."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if fix:
        body["fix"] = fix
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def answer_with_problems(app: FastAPI) -> None:
    """Register the handlers that turn every error into a problem document."""

    @app.exception_handler(Problem)
    async def problem(_: Request, error: Problem) -> JSONResponse:
        return problem_response(error.status, error.detail, fix=error.fix)

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        return problem_response(error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    async def not_valid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return problem_response(422, f"{place}: {first['msg']}")

    @app.exception_handler(AntiphonError)
    async def ours(_: Request, error: AntiphonError) -> JSONResponse:
        return problem_response(_STATUS.get(type(error), 503), str(error))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        # The HTTP edge: the caller of the API learns nothing of our insides, the log everything.
        log.error("request_failed", path=request.url.path, exc_info=error)
        return problem_response(500, "something went wrong on our side")
