"""Who may connect: keys of the operator, and secrets minted with them for clients that must not hold one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from antiphon.errors import Denied

PROTOCOL = "realtime"
KEY_PROTOCOL = "openai-insecure-api-key."  # How browsers, which cannot set headers, send a key.
SECRET_PREFIX = "ek_"
LIFETIME_RANGE_S = (10, 7200)
LIFETIME_S = 600
SECRET_MAX = 6000  # Headers of 8 KB are what servers and proxies take.
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Gate(Protocol):
    """Decides about a connection before it is one."""

    def admit(self, key: str, agent: str) -> Mapping[str, Any]:
        """What the key says of the session, mostly nothing.

        Raises:
            Denied: Not with this key, not for this agent.
        """


class ClientSecret(msgspec.Struct, frozen=True, kw_only=True):
    """What a secret says. `agent` "" is any; `session` is what the session begins with; `key` the id of the
    API key it was made with, "" where that cannot be revoked."""

    agent: str
    expires_s: int
    session: dict[str, Any] = {}
    key: str = ""


class ClientSecrets:
    """Mint and read; good until they expire, in every process that shares `secret`."""

    def __init__(self, secret: bytes, *, clock: Callable[[], float] = time.time) -> None:
        assert len(secret) >= 16, "a guessable secret is none"
        self._secret, self._clock = secret, clock

    def mint(
        self, agent: str, session: Mapping[str, Any], lifetime_s: int = LIFETIME_S, *, key: str = ""
    ) -> tuple[str, int]:
        """The secret and when it expires, Unix time.

        Raises:
            ValueError: The session does not fit into a header.
        """
        expires_s = int(self._clock()) + lifetime_s
        told = ClientSecret(agent=agent, expires_s=expires_s, session=dict(session), key=key)
        body = _base64(msgspec.json.encode(told))
        if len(body) > SECRET_MAX:
            raise ValueError("the session is too long for a client secret")
        return f"{SECRET_PREFIX}{(body + b'.' + self._seal(body)).decode()}", expires_s

    def read(self, value: str) -> ClientSecret:
        """Raises: Denied: Forged, expired, or no secret of ours."""
        body, _, seal = value.removeprefix(SECRET_PREFIX).encode("utf-8", "replace").partition(b".")
        if not hmac.compare_digest(seal, self._seal(body)):
            raise Denied("client secret is not ours")
        try:
            raw = base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))
            told = msgspec.json.decode(raw, type=ClientSecret)
        except (binascii.Error, msgspec.DecodeError):
            raise Denied("client secret is not ours") from None
        if self._clock() >= told.expires_s:
            raise Denied("client secret has expired")
        return told

    def _seal(self, body: bytes) -> bytes:
        return _base64(hmac.new(self._secret, b"antiphon client secret\0" + body, hashlib.sha256).digest())


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class KeyGate:
    """Implements `Gate` with keys from the environment.

    Args:
        keys: None at all lets in whoever can reach a listener that only this machine can reach.
        loopback: It is such a listener.
    """

    def __init__(self, keys: Iterable[str], secrets: ClientSecrets | None, *, loopback: bool) -> None:
        self._digests = [_digest(key) for key in keys]
        self._secrets, self._loopback = secrets, loopback

    @property
    def open_here(self) -> bool:
        """No key is asked for."""
        return not self._digests and self._loopback

    def admit(self, key: str, agent: str) -> Mapping[str, Any]:
        """As `Gate`."""
        if key.startswith(SECRET_PREFIX) and self._secrets is not None:
            told = self._secrets.read(key)
            if told.agent not in ("", agent):
                raise Denied("client secret is for another agent")
            return told.session
        self.check(key)
        return {}

    def check(self, key: str) -> None:
        """An operator's key.

        Raises:
            Denied: There is none, or it is another.
        """
        if self.open_here:
            return
        offered = _digest(key)
        # Every key is compared: how long it takes must not tell which came close.
        if not sum(hmac.compare_digest(offered, known) for known in self._digests):
            raise Denied("no such key" if self._digests else "no key is configured: set ANTIPHON_API_KEY")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def environment_keys(environ: Mapping[str, str]) -> list[str]:
    """`ANTIPHON_API_KEY`, and several by commas in `ANTIPHON_API_KEYS`."""
    listed = environ.get("ANTIPHON_API_KEYS", "").split(",")
    return [key for key in map(str.strip, (environ.get("ANTIPHON_API_KEY", ""), *listed)) if key]


def offered_key(headers: Mapping[str, str]) -> str:
    """From lower-case headers: a bearer token, or among the WebSocket's protocols."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    for protocol in headers.get("sec-websocket-protocol", "").split(","):
        if protocol.strip().startswith(KEY_PROTOCOL):
            return protocol.strip().removeprefix(KEY_PROTOCOL)
    return headers.get("api-key", "")


def from_here(headers: Mapping[str, str]) -> bool:
    """Neither another site's page nor a name pointed at this machine: what guards a listener without keys."""
    named = urlsplit(f"//{headers.get('host', '')}").hostname
    origin = headers.get("origin", "")
    return named in _LOOPBACK and (not origin or urlsplit(origin).hostname in _LOOPBACK)
