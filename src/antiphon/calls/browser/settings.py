"""What an operator may set about browser calls, read once from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from antiphon.errors import ConfigError


class IceServer(msgspec.Struct, frozen=True, kw_only=True):
    """One STUN or TURN server, as both ends need it."""

    urls: str
    username: str | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSettings:
    """How browser lines behave.

    Attributes:
        ice_servers: None by default: nothing outside is contacted unless the operator names it.
        lines_max: WebRTC costs 4 to 5 % of a core a call, so a worker takes about twenty.
        far_end_ms: Playout delay assumed behind us (network and the browser's buffer) until the page reports
            its own; without it we would claim words as heard that were not.
        connect_timeout_s: An offer that has not become a connection by then is forgotten.
        silent_timeout_s: No packet at all for this long: the line is gone. A muted microphone still sends.
    """

    ice_servers: tuple[IceServer, ...] = ()
    lines_max: int = 20
    far_end_ms: int = 90
    connect_timeout_s: float = 20.0
    silent_timeout_s: float = 15.0


def read_ice_servers(text: str) -> tuple[IceServer, ...]:
    """`ANTIPHON_ICE_SERVERS`: comma-separated URLs, or a JSON list with credentials for TURN.

    Raises:
        ConfigError: Neither of the two.
    """
    text = text.strip()
    try:
        if text.startswith("["):
            servers = msgspec.json.decode(text, type=tuple[IceServer, ...])
        else:
            servers = tuple(IceServer(urls=url.strip()) for url in text.split(",") if url.strip())
    except msgspec.MsgspecError as error:
        raise ConfigError(
            f"not a list of ICE servers ({error})",
            where="ANTIPHON_ICE_SERVERS",
            fix='"stun:host:3478" or [{"urls": "turn:host:3478", "username": "...", "credential": "..."}]',
        ) from error
    for server in servers:
        if not server.urls.startswith(("stun:", "stuns:", "turn:", "turns:")):
            raise ConfigError(
                f"{server.urls!r} is not a stun: or turn: address",
                where="ANTIPHON_ICE_SERVERS",
                fix="write it as stun:host:port or turn:host:port",
            )
    return servers


def browser_settings(environ: Mapping[str, str]) -> BrowserSettings:
    """Settings from `ANTIPHON_ICE_SERVERS` and `ANTIPHON_BROWSER_LINES`.

    Raises:
        ConfigError: A value that does not parse.
    """
    values: dict[str, Any] = {"ice_servers": read_ice_servers(environ.get("ANTIPHON_ICE_SERVERS", ""))}
    lines = environ.get("ANTIPHON_BROWSER_LINES", "")
    if lines:
        if not lines.isdecimal() or not 1 <= int(lines) <= 1000:
            raise ConfigError(
                f"{lines!r} is not a number of calls from 1 to 1000",
                where="ANTIPHON_BROWSER_LINES",
                fix="unset it for 20",
            )
        values["lines_max"] = int(lines)
    return BrowserSettings(**values)
