"""The OpenAPI document of `/v1`, and all its routes together."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from antiphon import __version__
from antiphon.server.api import (
    access,
    agents,
    calls,
    costs,
    drafts,
    entering,
    events,
    following,
    inspection,
    live,
    numbers,
    organisations,
    overview,
    people,
    placing,
    realtime,
    recordings,
    routes,
    shapes,
    sharing,
    webhooks,
)
from antiphon.server.api.gate import GatedRoute

_ROOMS: Final = (
    drafts,
    agents,
    live,
    placing,
    calls,
    inspection,
    recordings,
    sharing,
    overview,
    people,
    costs,
    numbers,
    routes,
    webhooks,
    realtime,
    access,
    organisations,
)
# For whoever has no credential of ours: they stand before the gate.
_OPEN: Final = (sharing.open_router, entering.open_router)
_PROBLEMS: Final = {
    "400": "The request makes no sense",
    "401": "Who asks is not known",
    "403": "He may not",
    "404": "There is no such thing, or it is another organisation's",
    "409": "Not as things stand",
    "413": "Too large",
    "422": "A value is wrong",
    "429": "Too many requests: see Retry-After",
    "502": "A carrier refused",
    "503": "Not now",
    "504": "No answer in time",
}
_ABOUT: Final = (
    "Send `Authorization: Bearer KEY`. Errors are problem documents (RFC 9457). Times are milliseconds "
    "since 1970, UTC; sums of money are decimal text. Each operation names the permission "
    "it needs in `x-permission`."
)


def api_router() -> APIRouter:
    """Everything below `/v1`."""
    router = APIRouter(prefix="/v1")
    for room in _ROOMS:
        router.include_router(room.router)
    for open_router in _OPEN:
        router.include_router(open_router)
    router.include_router(events.router)
    router.include_router(following.router)
    router.include_router(realtime.sockets)

    @router.get("/openapi.json", include_in_schema=False)
    async def openapi() -> JSONResponse:
        """The API described; nothing in it is secret."""
        return JSONResponse(openapi_document())

    return router


def openapi_document() -> dict[str, Any]:
    """OpenAPI 3.1. Every operation can answer with a problem, and says which permission it needs."""
    app = FastAPI()
    router = APIRouter(prefix="/v1")
    for room in _ROOMS:
        router.include_router(room.router)
    for open_router in _OPEN:
        router.include_router(open_router)
    app.include_router(router)
    document = get_openapi(title="Antiphon", version=__version__, description=_ABOUT, routes=app.routes)
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = shapes.Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"bearer": []}]
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"] |= {
                status: {"description": told, "content": content} for status, told in _PROBLEMS.items()
            }
    return document


def gated_routes() -> list[GatedRoute]:
    """Every route of the API that stands behind the gate."""
    return [route for room in _ROOMS for route in room.router.routes if isinstance(route, GatedRoute)]
