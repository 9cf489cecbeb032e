"""The pages and the widget: files that `scripts/build_web.py` put under `static/`."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response

STATIC = Path(__file__).parent / "static"
NOT_BUILT = (
    "The talk page has not been built.\n\n"
    "Run `python scripts/build_web.py` in the project folder (needs the npm registry once), then reload.\n"
)

router = APIRouter(include_in_schema=False)


def page_is_built(static: Path = STATIC) -> bool:
    return (static / "index.html").is_file()


@router.get("/")
async def talk_page(request: Request) -> Response:
    static: Path = request.app.state.static
    if not page_is_built(static):
        return PlainTextResponse(NOT_BUILT, status_code=503)
    return FileResponse(static / "index.html", headers={"cache-control": "no-cache"})


@router.get("/{name}.svg")
async def picture(name: str, request: Request) -> Response:
    static: Path = request.app.state.static
    path = static / f"{Path(name).name}.svg"
    if not path.is_file():
        return PlainTextResponse("not found\n", status_code=404)
    return FileResponse(path, media_type="image/svg+xml")


@router.get("/widget.js")
async def widget(request: Request) -> Response:
    """For pages of other sites: `<script src="…/widget.js">`."""
    path: Path = request.app.state.static / "widget.js"
    if not path.is_file():
        return PlainTextResponse(NOT_BUILT, status_code=503)
    # A page that isolates itself (Cross-Origin-Embedder-Policy) may load it too: there is no secret in it.
    headers = {"cache-control": "no-cache", "cross-origin-resource-policy": "cross-origin"}
    return FileResponse(path, media_type="text/javascript", headers=headers)


@router.get("/assets/{name}")
async def asset(name: str, request: Request) -> Response:
    # Names carry a hash of their content, so a browser may keep them for good.
    path: Path = request.app.state.static / "assets" / Path(name).name
    if not path.is_file():
        return PlainTextResponse("not found\n", status_code=404)
    return FileResponse(path, headers={"cache-control": "public, max-age=31536000, immutable"})
