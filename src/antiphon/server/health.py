"""Is it alive, can it take calls, which calls are up."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse

from antiphon.errors import AntiphonError
from antiphon.operations.metrics import MEDIA_TYPE, exposition
from antiphon.server.control import Current

router = APIRouter()


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The control process answers. Nothing more: a restart would not mend what `/readyz` reports."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(control: Current) -> JSONResponse:
    """200 while new calls are taken, else 503; either way with the state of every process."""
    processes: dict[str, Any] = {
        child.name: {"ready": child.is_ready, "restarts": child.restarts} for child in control.children
    }
    ready = control.is_ready
    try:
        media = await control.media.status()
        ready = ready and bool(media.get("ready"))
    except AntiphonError as error:
        media, ready = {"error": str(error)}, False
    body = {"ready": ready, "draining": control.draining, "processes": processes, "media": media}
    return JSONResponse(body, status_code=200 if ready else 503)


@router.get("/metrics")
async def metrics(control: Current) -> PlainTextResponse:
    """For Prometheus; without a media worker, the processes alone."""
    try:
        status = await control.media.status()
    except AntiphonError:
        status = {}
    processes = [(child.name, child.is_ready, child.restarts) for child in control.children]
    return PlainTextResponse(exposition(status, processes), media_type=MEDIA_TYPE)
