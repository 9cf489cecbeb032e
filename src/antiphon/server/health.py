"""Is it alive, can it take calls, which calls are up."""

from __future__ import annotations

import contextlib
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse

from antiphon.errors import AntiphonError
from antiphon.operations.metrics import MEDIA_TYPE, exposition
from antiphon.server.control import Control, Current
from antiphon.storage.disk import disk_counts

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
    body = {
        "ready": ready,
        "draining": control.draining,
        "processes": processes,
        "media": media,
        "refused": dict(control.refused),
    }
    return JSONResponse(body, status_code=200 if ready else 503)


@router.get("/metrics")
async def metrics(control: Current) -> PlainTextResponse:
    """For Prometheus; without a media worker, the processes alone."""
    try:
        status = await control.media.status()
    except AntiphonError:
        status = {}
    processes = [(child.name, child.is_ready, child.restarts) for child in control.children]
    index = control.index
    families = index.measures.families() if index is not None else ()
    text = exposition(status, processes, await _counted(control), families)
    return PlainTextResponse(text, media_type=MEDIA_TYPE)


async def _counted(control: Control) -> dict[str, int]:
    """What waits in this process, what it has sent, and what it did not allow."""
    counted = {f"{what}_refused": count for what, count in control.refused.items()}
    counted |= {f"api_disk_{what}": count for what, count in disk_counts().items()}
    if control.index is not None and control.index.telemetry is not None:
        told = control.index.telemetry.counted()
        counted |= {f"telemetry_{name}": count for name, count in told.items()}
    if control.api is not None:
        with contextlib.suppress(AntiphonError):  # The database is away, which other metrics tell.
            counted["webhook_deliveries_waiting"] = await control.api.outbox.waiting()
    return counted
