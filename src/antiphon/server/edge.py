"""What every request passes before a route sees it: a bound on its body, whose page sent it, headers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from antiphon.server.problems import problem_response

BODY_MAX_BYTES = 256 * 1024  # An SDP offer is 2 to 10 KB, a carrier's form under 4 KB.

# All that a page of another site may reach, when the operator named the site: what a voice button needs.
GUEST_PATHS = re.compile(
    r"/widget\.js|/api/agents|/calls/browser/[^/]+/offer|/calls/browser/lines/[^/]+(?:/offer)?|/v1/realtime"
)
_PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "600",
}

_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "media-src 'self' blob: mediastream:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
}


class SecurityHeaders:
    """Headers that keep a page of ours from being framed, sniffed or fed foreign scripts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class BodyLimit:
    """Refuses bodies over `BODY_MAX_BYTES`, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > BODY_MAX_BYTES:
            await problem_response(413, f"more than {BODY_MAX_BYTES} bytes")(scope, receive, send)
            return
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > BODY_MAX_BYTES:
                # Without a length there is nobody to answer yet; the route sees a client that went away.
                return {"type": "http.disconnect"}
            return message

        await self._app(scope, bounded, send)


class KnownOrigins:
    """Keeps other web sites out of a local installation.

    A page anywhere on the web can send requests to a loopback address, directly or by pointing its own name
    there. So a request made by a page must come from our page, and, while we serve loopback only, the `Host`
    must be a name we know.

    Args:
        hosts: Host names taken as ours; empty takes any (the operator opened the listener to a network).
        guests: Origins whose pages may use `GUEST_PATHS`; they show a token there, and never a cookie.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = (), guests: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._guests = frozenset(guests)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._not_our_name(headers)
        if not refusal and self._is_guest(scope, headers):
            await self._welcomed(scope, receive, send)
            return
        if refusal := refusal or self._another_site(headers):
            if scope["type"] == "http":
                await problem_response(403, refusal)(scope, receive, send)
            else:
                # Browsers let any page open a WebSocket anywhere; only its Origin tells whose page it is.
                await send({"type": "websocket.close", "code": 1008, "reason": refusal})
            return
        await self._app(scope, receive, send)

    def _is_guest(self, scope: Scope, headers: Headers) -> bool:
        return headers.get("origin", "") in self._guests and bool(GUEST_PATHS.fullmatch(scope["path"]))

    async def _welcomed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A guest's browser asks first (Fetch, CORS preflight), and is told which page may read answers."""
        headers = Headers(scope=scope)
        allowed = {"access-control-allow-origin": headers["origin"], "vary": "origin"}
        if scope.get("method") == "OPTIONS" and "access-control-request-method" in headers:
            await Response(status_code=204, headers=allowed | _PREFLIGHT)(scope, receive, send)
            return

        async def send_readable(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["access-control-allow-origin"] = allowed["access-control-allow-origin"]
                answer.add_vary_header("origin")
            await send(message)

        await self._app(scope, receive, send_readable if scope["type"] == "http" else send)

    def _not_our_name(self, headers: Headers) -> str:
        host = headers.get("host", "")
        if self._hosts and urlsplit(f"//{host}").hostname not in self._hosts:
            return "this host name is not ours; set ANTIPHON_PUBLIC_URL if it should be"
        return ""

    def _another_site(self, headers: Headers) -> str:
        host, origin = headers.get("host", ""), headers.get("origin", "")
        if origin and urlsplit(origin).netloc != host and urlsplit(origin).hostname not in self._hosts:
            return "requests from other sites' pages are not taken"
        return ""
