"""An identity provider: publishes its keys, signs what it is asked to. OpenID Connect Discovery 1.0, 4."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from antiphon.server.access.oidc import OidcIssuer, OidcSettings

ISSUER = "https://login.example.com"
CLIENT = "antiphon-dashboard"


class Issuer:
    """A local identity provider: publishes its keys, signs what it is asked to."""

    def __init__(self) -> None:
        self.keys = {"one": rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        self.asked: list[str] = []
        self.down = False
        self.claims_to_be = ISSUER
        self.page = f"{ISSUER}/authorize"

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.down:
            return httpx.Response(500)
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(
                200,
                json={
                    "issuer": self.claims_to_be,
                    "jwks_uri": f"{ISSUER}/jwks",
                    "authorization_endpoint": self.page,
                },
            )
        published = [
            json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": name, "use": "sig"}
            for name, key in self.keys.items()
        ]
        return httpx.Response(
            200, json={"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "weak"}, *published]}
        )

    def sends_back(self, asked: str) -> str:
        """Where its page sends a browser that came by this address, once the person has signed in."""
        query = parse_qs(urlsplit(asked).query)
        token = self.token(nonce=query["nonce"][0])
        return f"{query['redirect_uri'][0]}#id_token={token}&state={query['state'][0]}"

    def token(self, kid: str = "one", key: Any = None, algorithm: str = "RS256", **claims: Any) -> str:
        at_s = int(time.time())
        facts: dict[str, Any] = {
            "iss": ISSUER, "aud": CLIENT, "sub": "ann", "iat": at_s, "exp": at_s + 600,
            "email": "ann@example.com", "email_verified": True,
        }  # fmt: skip
        facts = {name: value for name, value in (facts | claims).items() if value is not None}
        signed_by = key if key is not None else self.keys[kid]
        return jwt.encode(facts, signed_by, algorithm=algorithm, headers={"kid": kid})


def oidc_of(issuer: Issuer, clock_s: Any = time.monotonic) -> OidcIssuer:
    http = httpx.AsyncClient(transport=httpx.MockTransport(issuer.answer))
    return OidcIssuer(OidcSettings(issuer=ISSUER, client_id=CLIENT), http, clock_s=clock_s)
