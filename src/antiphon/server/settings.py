"""What `antiphon serve` was told, by arguments and environment, parsed once."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from antiphon.agents.definition.load import default_directories
from antiphon.calls.sip import SipSettings, sip_settings
from antiphon.errors import ConfigError

_YES = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    """Everything the three processes need to start.

    Attributes:
        host: Address both listeners bind; loopback unless told otherwise.
        port: Pages, API and webhooks (0: any free one).
        media_port: Carrier media sockets.
        public_url: How the outside reaches `port` ("https://voice.example.com"), "" when it does not.
        public_media_url: How carriers reach `media_port` ("wss://media.example.com").
        drain_s: How long calls may go on after Ctrl-C.
        twilio_auth_token: Verifies webhooks, as do the other carriers' keys; "" where there is no account.
        telnyx_public_key: Base64.
        allow_unsigned: Take webhooks without a signature (local experiments only).
        sip: None when SIP is not spoken.
        routes: Who answers what; None where agents are called by their names only.
        widget_origins: Whose pages may call our agents ("https://www.example.com").
    """

    host: str = "127.0.0.1"
    port: int = 8080
    media_port: int = 8081
    agents: Path = Path("agents")
    home: Path = Path(".antiphon")
    public_url: str = ""
    public_media_url: str = ""
    drain_s: float = 30.0
    twilio_auth_token: str = ""
    signalwire_signing_key: str = ""
    telnyx_public_key: str = ""
    plivo_auth_token: str = ""
    vonage_signature_secret: str = ""
    allow_unsigned: bool = False
    sip: SipSettings | None = None
    routes: Path | None = None
    widget_origins: tuple[str, ...] = ()

    @property
    def is_loopback(self) -> bool:
        return self.host in {"127.0.0.1", "::1", "localhost"}

    @property
    def carrier_keys(self) -> dict[str, str]:
        """The key of each carrier we have one of."""
        keys = {
            "twilio": self.twilio_auth_token,
            "signalwire": self.signalwire_signing_key,
            "telnyx": self.telnyx_public_key,
            "plivo": self.plivo_auth_token,
            "vonage": self.vonage_signature_secret,
        }
        return {carrier: key for carrier, key in keys.items() if key}

    @property
    def media_base_url(self) -> str:
        """Where a carrier finds the media worker: the public address if known, else the local one."""
        return self.public_media_url or f"ws://{self.host}:{self.media_port}"


def _url(value: str, name: str, schemes: tuple[str, ...]) -> str:
    value = value.strip().rstrip("/")
    if value and (urlsplit(value).scheme not in schemes or not urlsplit(value).netloc):
        raise ConfigError(
            f"{value!r} is not an address", where=name, fix=f"write it as {schemes[0]}://voice.example.com"
        )
    return value


WIDGET_ORIGINS = "ANTIPHON_WIDGET_ORIGINS"


def _origins(value: str) -> tuple[str, ...]:
    """Origins as browsers send them: scheme, host, port where it is not the usual one; nothing else.

    Raises:
        ConfigError: One of them is none. `*` is none either: every site of the web is nobody in particular.
    """
    named = [origin for origin in map(str.strip, value.split(",")) if origin]
    for origin in named:
        parts = urlsplit(origin)
        if parts.scheme not in ("https", "http") or origin != f"{parts.scheme}://{parts.netloc.lower()}":
            raise ConfigError(
                f"{origin!r} is no origin",
                where=WIDGET_ORIGINS,
                fix="write scheme, host and port only: https://www.example.com, http://localhost:3000",
            )
    return tuple(dict.fromkeys(named))


def _port(value: int, name: str) -> int:
    if not 0 <= value <= 65535:
        raise ConfigError(f"{value} is not a port", where=name, fix="choose one from 1024 to 65535")
    return value


def _agents_folder(named: str) -> Path:
    """The folder named, else ./agents, else the examples that come with the package."""
    folders = [Path(named)] if named else default_directories()
    for folder in folders:
        if folder.is_dir():
            return folder
    raise ConfigError(
        "no such folder of agents",
        where=named or "agents",
        fix="run from the project folder, or name one with --agents DIR",
    )


ROUTES_FILE = "routes.yaml"


def _routes_file(named: str) -> Path | None:
    """The file named, else the one in this folder, where there is one."""
    path = Path(named or ROUTES_FILE)
    if path.is_file():
        return path
    if named:
        raise ConfigError("no such file", where=named, fix="name your routes file with --routes FILE")
    return None


def serve_settings(args: argparse.Namespace, environ: Mapping[str, str] | None = None) -> ServeSettings:
    """Settings of one `antiphon serve`.

    Raises:
        ConfigError: A value that cannot be right, or a folder of agents that is not there.
    """
    environ = os.environ if environ is None else environ
    public = _url(environ.get("ANTIPHON_PUBLIC_URL", ""), "ANTIPHON_PUBLIC_URL", ("https", "http"))
    media = _url(environ.get("ANTIPHON_PUBLIC_MEDIA_URL", ""), "ANTIPHON_PUBLIC_MEDIA_URL", ("wss", "ws"))
    return ServeSettings(
        host=args.host,
        port=_port(args.port, "--port"),
        media_port=_port(args.media_port, "--media-port"),
        agents=_agents_folder(args.agents),
        home=Path(args.home or environ.get("ANTIPHON_HOME", "") or ".antiphon"),
        public_url=public,
        public_media_url=media,
        drain_s=max(0.0, args.drain),
        twilio_auth_token=environ.get("TWILIO_AUTH_TOKEN", ""),
        signalwire_signing_key=environ.get("SIGNALWIRE_SIGNING_KEY", ""),
        telnyx_public_key=environ.get("TELNYX_PUBLIC_KEY", ""),
        plivo_auth_token=environ.get("PLIVO_AUTH_TOKEN", ""),
        vonage_signature_secret=environ.get("VONAGE_SIGNATURE_SECRET", ""),
        allow_unsigned=environ.get("ANTIPHON_ALLOW_UNSIGNED", "").lower() in _YES,
        widget_origins=_origins(environ.get(WIDGET_ORIGINS, "")),
        routes=_routes_file(args.routes or environ.get("ANTIPHON_ROUTES", "")),
        sip=sip_settings(args.sip, args.sip_rtp_ports, environ) if args.sip else None,
    )
