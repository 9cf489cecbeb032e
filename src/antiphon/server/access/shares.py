"""Links that show one call to whoever has them, for a while: signed, expiring, and over with the key that
made them. What a link shows is for `trust.redaction` to decide."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import jwt

from antiphon.server.access.principal import Principal
from antiphon.storage.access import now_ms
from antiphon.storage.keys import Keyring

ISSUER: Final = "antiphon"
AUDIENCE: Final = "antiphon-share"
SHARE_MAX_S: Final = 30 * 24 * 3600
_ALGORITHM: Final = "HS256"  # We make them and we read them: nobody else needs to verify one.


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLink:
    """What a link opens.

    Attributes:
        id: Under which it is on record.
        key_id: The API key it was made with, "" for people.
    """

    id: str
    organisation_id: str
    call_id: str
    key_id: str
    good_until_ms: int


class ShareTokens:
    """Signed with a secret of their own, derived from the storage key: a browser token is none of these,
    and none of these is a browser token. A rotated key still opens those of the key before."""

    def __init__(self, keyring: Keyring, *, clock_ms: Callable[[], int] = now_ms) -> None:
        self._current = keyring.current
        self._secrets = {
            name: hmac.new(key, b"antiphon shared calls", sha256).digest()
            for name, key in keyring.keys.items()
        }
        self._clock_ms = clock_ms

    def mint(self, maker: Principal, call_id: str, life_s: int) -> tuple[str, SharedLink]:
        """The token, and what it opens until when; no later than what its maker showed."""
        assert 0 < life_s <= SHARE_MAX_S, "whoever asks was told the longest life"
        at_s = self._clock_ms() // 1000
        until_s = at_s + life_s
        if maker.good_until_ms is not None and maker.kind != "person":
            until_s = min(until_s, maker.good_until_ms // 1000)
        link = SharedLink(
            id=secrets.token_hex(8),
            organisation_id=maker.organisation_id,
            call_id=call_id,
            key_id=maker.key_id,
            good_until_ms=until_s * 1000,
        )
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "jti": link.id,
            "sub": maker.subject,
            "org": link.organisation_id,
            "call": link.call_id,
            "key": link.key_id,
            "iat": at_s,
            "exp": until_s,
        }
        token = jwt.encode(
            claims, self._secrets[self._current], algorithm=_ALGORITHM, headers={"kid": self._current}
        )
        return token, link

    def read(self, token: str) -> SharedLink | None:
        """What it opens; None for one that is forged, changed, over, or none of ours."""
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
        return SharedLink(
            id=str(claims["jti"]),
            organisation_id=str(claims["org"]),
            call_id=str(claims["call"]),
            key_id=str(claims["key"]),
            good_until_ms=claims["exp"] * 1000,
        )
