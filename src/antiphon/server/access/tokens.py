"""Short-lived tokens for browsers: made with a key, weaker than the key, over within the hour."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import jwt

from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import Permission
from antiphon.storage.access import now_ms
from antiphon.storage.keys import Keyring

ISSUER: Final = "antiphon"
AUDIENCE: Final = "antiphon-api"
TOKEN_MAX_S: Final = 3600
_ALGORITHM: Final = "HS256"  # We make them and we read them: nobody else needs to verify one.
# What a page in anybody's browser may be given: nothing that changes more than the call it makes.
FOR_BROWSERS: Final = frozenset(
    {
        Permission.TALK,
        Permission.AGENTS_READ,
        Permission.CALLS_READ,
        Permission.EVENTS_READ,
        Permission.FEEDBACK_WRITE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A token somebody wants. `agent` "" for every agent of the organisation."""

    scopes: frozenset[Permission]
    life_s: int
    agent: str = ""


class BrowserTokens:
    """Signed with a secret derived from the storage key, so that they survive a restart and every process of
    an installation takes them; a rotated key still opens those of the key before."""

    def __init__(self, keyring: Keyring, *, clock_ms: Callable[[], int] = now_ms) -> None:
        self._current = keyring.current
        self._secrets = {
            name: hmac.new(key, b"antiphon browser tokens", sha256).digest()
            for name, key in keyring.keys.items()
        }
        self._clock_ms = clock_ms

    def mint(self, maker: Principal, wish: Wish) -> tuple[str, int]:
        """The token and when it is over, ms since 1970. It can do no more than its maker, nor live longer."""
        assert 0 < wish.life_s <= TOKEN_MAX_S, "whoever asks was told the longest life"
        at_s = self._clock_ms() // 1000
        until_s = at_s + wish.life_s
        if maker.good_until_ms is not None:
            until_s = min(until_s, maker.good_until_ms // 1000)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "jti": secrets.token_hex(8),
            "sub": maker.subject,
            "org": maker.organisation_id,
            "key": maker.key_id,
            "agent": wish.agent,
            "scopes": sorted(wish.scopes & maker.permissions & FOR_BROWSERS),
            "iat": at_s,
            "exp": until_s,
        }
        token = jwt.encode(
            claims, self._secrets[self._current], algorithm=_ALGORITHM, headers={"kid": self._current}
        )
        return token, until_s * 1000

    def read(self, token: str) -> Principal | None:
        """Who shows it; None for one that is forged, changed, over, or none of ours. Whether its key has been
        revoked since is for the caller to ask."""
        try:
            name = jwt.get_unverified_header(token).get("kid")
            secret = self._secrets.get(name) if isinstance(name, str) else None
            if secret is None:
                return None
            claims = jwt.decode(
                token,
                secret,
                algorithms=[_ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                # Time is looked at below, by a clock that can be set.
                options={"require": ["exp", "iat", "jti", "sub"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError:
            return None
        if not isinstance(claims["exp"], int) or claims["exp"] * 1000 <= self._clock_ms():
            return None
        return _principal(claims)


def _principal(claims: dict[str, Any]) -> Principal:
    # Signed by us, so the shape is ours.
    return Principal(
        kind="token",
        subject=f"token:{claims['jti']} of {claims['sub']}",
        organisation_id=str(claims["org"]),
        permissions=_known(claims["scopes"]),
        key_id=str(claims["key"]),
        agent=str(claims["agent"]),
        good_until_ms=int(claims["exp"]) * 1000,
    )


def _known(scopes: Iterable[str]) -> frozenset[Permission]:
    """A version before or after ours may know others."""
    return frozenset(Permission(scope) for scope in scopes if scope in set(Permission))
