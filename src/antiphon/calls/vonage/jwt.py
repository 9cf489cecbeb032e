"""The token that proves to Vonage which application asks: a JWT by RS256 (RFC 7515, RFC 7518 3.3).

Source: Vonage, "Authentication: JSON Web Tokens", read 2026-11: claims application_id, iat, jti, exp.
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from antiphon.errors import ConfigError

_LIFETIME_S = 300
_RENEWED_S = 60  # Before its end, so that no request travels with one that dies on the way.


class ApplicationToken:
    """One application's token, made anew as it ages.

    Raises:
        ConfigError: The key is no RSA key in PEM.
    """

    def __init__(self, application_id: str, private_key: str, clock: Callable[[], float] = time.time) -> None:
        try:
            key = load_pem_private_key(private_key.replace("\\n", "\n").encode(), password=None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise ConfigError(
                "the private key of the Vonage application cannot be read",
                where="VONAGE_PRIVATE_KEY",
                fix="put the text of the .key file there that the dashboard gave, or its path",
            )
        self._key, self._application_id, self._clock = key, application_id, clock
        self._token, self._expires_s = "", 0.0

    def current(self) -> str:
        now_s = self._clock()
        if now_s >= self._expires_s - _RENEWED_S:
            self._expires_s = now_s + _LIFETIME_S
            self._token = self._made(int(now_s))
        return self._token

    def _made(self, now_s: int) -> str:
        claims = {
            "application_id": self._application_id,
            "iat": now_s,
            "exp": now_s + _LIFETIME_S,
            "jti": secrets.token_hex(16),
        }
        signed = b".".join(
            _part(msgspec.json.encode(one)) for one in ({"alg": "RS256", "typ": "JWT"}, claims)
        )
        return (signed + b"." + _part(self._key.sign(signed, PKCS1v15(), hashes.SHA256()))).decode()


def _part(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
