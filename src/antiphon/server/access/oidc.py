"""People by OpenID Connect: id tokens checked against the keys their issuer publishes.

OpenID Connect Core 1.0, 3.1.3.7 (id token validation); OpenID Connect Discovery 1.0, 4.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import jwt
import structlog

from antiphon.errors import AntiphonError, ConfigError

log = structlog.get_logger(__name__)

# Only signatures that a public key checks: with HS256 that key itself would be the secret.
_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
_KEYS_GOOD_S: Final = 600.0
_ASK_AGAIN_S: Final = 30.0  # An unknown key id makes us look at most this often: it is free to invent.
_LEEWAY_S: Final = 60  # Clocks of two companies.
_ANSWER_MAX_BYTES: Final = 256 * 1024
_KEYS_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """`client_id` is the audience an id token must have been made for."""

    issuer: str
    client_id: str


def oidc_settings(environ: Mapping[str, str]) -> OidcSettings | None:
    """None when people do not come by OIDC.

    Raises:
        ConfigError: Half of it is set, or the issuer is no https address.
    """
    issuer, client_id = (
        environ.get(name, "").strip() for name in ("ANTIPHON_OIDC_ISSUER", "ANTIPHON_OIDC_CLIENT_ID")
    )
    if not issuer and not client_id:
        return None
    if not issuer or not client_id:
        raise ConfigError("one without the other", where="ANTIPHON_OIDC_ISSUER, ANTIPHON_OIDC_CLIENT_ID",
                          fix="set both, as the identity provider shows them")  # fmt: skip
    if not _is_trusted(issuer):
        raise ConfigError(
            f"{issuer!r} is not an https address",
            where="ANTIPHON_OIDC_ISSUER",
            fix="https://login.example.com",
        )
    return OidcSettings(issuer=issuer, client_id=client_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Attributes: email: "" unless the issuer says that it has been verified."""

    issuer: str
    subject: str
    email: str
    good_until_ms: int


class OidcIssuer:
    """One issuer and its keys, fetched when first needed and again when it signs with a new one."""

    def __init__(
        self,
        settings: OidcSettings,
        http: httpx.AsyncClient,
        *,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock_s = clock_s
        self._keys: dict[str, jwt.PyJWK] = {}
        self._page = ""
        self._fetched_s = self._asked_s = float("-inf")
        self._fetching = asyncio.Lock()

    async def person(self, id_token: str) -> Person | None:
        """Who this id token speaks of; None for one that is forged, expired or meant for somebody else.

        Raises:
            AntiphonError: The issuer cannot be asked for its keys.
        """
        try:
            header = jwt.get_unverified_header(id_token)
            key = await self._key(str(header.get("kid", "")))
            if key is None or header.get("alg") not in _ALGORITHMS:
                return None
            claims = jwt.decode(
                id_token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._settings.client_id,
                issuer=self._settings.issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iat", "aud", "iss", "sub"]},
            )
        except jwt.PyJWTError:
            return None
        return self._person(claims)

    async def sign_in_page(self) -> tuple[str, str]:
        """Where a person signs in, "" where the issuer names none we trust; and who we are there.

        Raises:
            AntiphonError: The issuer cannot be asked.
        """
        await self._key("")
        return self._page, self._settings.client_id

    def _person(self, claims: dict[str, Any]) -> Person | None:
        audience = claims["aud"]
        # More than one audience: 3.1.3.7, 4 and 5 want to know for whom it was really made.
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self._settings.client_id:
            return None
        subject, email = claims["sub"], claims.get("email")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            return None
        verified = claims.get("email_verified") is True and isinstance(email, str)
        return Person(
            issuer=self._settings.issuer,
            subject=subject,
            email=str(email) if verified else "",
            good_until_ms=int(claims["exp"]) * 1000,
        )

    async def _key(self, key_id: str) -> jwt.PyJWK | None:
        async with self._fetching:
            now_s = self._clock_s()
            old = now_s - self._fetched_s > _KEYS_GOOD_S
            if (old or key_id not in self._keys) and now_s - self._asked_s > _ASK_AGAIN_S:
                self._asked_s = now_s
                try:
                    self._keys = await self._fetch()
                    self._fetched_s = self._clock_s()
                except (httpx.HTTPError, ValueError, jwt.PyJWTError) as error:
                    log.warning("oidc_keys_not_fetched", reason=type(error).__name__)
                    if not self._keys:
                        raise AntiphonError("the identity provider cannot be reached") from error
            return self._keys.get(key_id)

    async def _fetch(self) -> dict[str, jwt.PyJWK]:
        """Raises httpx.HTTPError, ValueError: No answer, or not one of an issuer."""
        issuer = self._settings.issuer
        facts = await self._json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if facts.get("issuer") != issuer:
            raise ValueError("the discovery document is another issuer's")  # Discovery 1.0, 4.3.
        page = facts.get("authorization_endpoint")
        self._page = page if isinstance(page, str) and _is_trusted(page) else ""
        url = facts.get("jwks_uri")
        if not isinstance(url, str) or not _is_trusted(url):
            raise ValueError("no address of keys")
        entries = (await self._json(url)).get("keys")
        if not isinstance(entries, list):
            raise ValueError("no list of keys")
        keys: dict[str, jwt.PyJWK] = {}
        for entry in entries[:_KEYS_MAX]:
            if not isinstance(entry, dict) or entry.get("use", "sig") != "sig" or entry.get("kty") == "oct":
                continue
            try:
                keys[str(entry.get("kid", ""))] = jwt.PyJWK(entry)
            except jwt.PyJWTError:
                continue  # Of a kind we do not know: others may do.
        return keys

    async def _json(self, url: str) -> dict[str, Any]:
        async with self._http.stream("GET", url, follow_redirects=False, timeout=5.0) as response:
            response.raise_for_status()
            body = b""
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _ANSWER_MAX_BYTES:
                    raise ValueError("too long an answer")
        parsed = httpx.Response(200, content=body).json()
        if not isinstance(parsed, dict):
            raise ValueError("no object")
        return parsed


def _is_trusted(url: str) -> bool:
    """https; on this machine itself plain http will do."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https"
        or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"})
    )
