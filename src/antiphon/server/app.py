"""The HTTP application: routes put together, nothing decided here."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI

from antiphon import __version__
from antiphon.server import browser_calls, carrier_calls, health, pages, placed_calls, records, transfer_calls
from antiphon.server.api.document import api_router
from antiphon.server.control import Control
from antiphon.server.edge import BodyLimit, KnownOrigins, SecurityHeaders
from antiphon.server.problems import answer_with_problems
from antiphon.server.settings import ServeSettings

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


def known_hosts(settings: ServeSettings) -> tuple[str, ...]:
    """Host names that are ours; empty means any, when the operator opened the listener to a network."""
    if not settings.is_loopback:
        return ()
    public = urlsplit(settings.public_url).hostname
    return (*LOOPBACK_HOSTS, public) if public else LOOPBACK_HOSTS


def create_app(control: Control, static: Path = pages.STATIC) -> FastAPI:
    """The application around one control process's state."""
    app = FastAPI(title="Antiphon", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.control = control
    app.state.static = static
    answer_with_problems(app)
    for room in (browser_calls, carrier_calls, transfer_calls, placed_calls, records, health, pages):
        app.include_router(room.router)
    app.include_router(api_router())
    # Added last runs first: headers on every answer, then whose request it is, then how large.
    app.add_middleware(BodyLimit)
    guests = control.settings.widget_origins
    app.add_middleware(KnownOrigins, hosts=known_hosts(control.settings), guests=guests)
    app.add_middleware(SecurityHeaders)
    return app
