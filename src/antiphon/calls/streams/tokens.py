"""Tickets for the media socket: minted where the webhook's signature was checked, good for one stream.

Control and media worker share a secret of this boot; no other state passes between them. A media socket
proves with its ticket that a webhook we verified asked for exactly this call.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

import msgspec

from antiphon.errors import Denied

_REDEEMED_MAX = 100_000  # Within one lifetime; past that nobody is let in rather than anybody twice.
_TOKEN_MAX = 1000


class StreamGrant(msgspec.Struct, frozen=True, kw_only=True):
    """What a ticket says. `expires_s` is Unix time; `call_sid` is the carrier's own id of the call; of an
    `outbound` one we placed it; `leg` is set where we placed it for a caller who waits."""

    agent: str
    call_sid: str
    caller_number: str
    expires_s: float
    nonce: str
    carrier: str = "twilio"
    outbound: bool = False
    called_number: str = ""
    leg: str = ""


class StreamTokens:
    """Mint and redeem; single use holds within the process that redeems.

    Args:
        secret: At least 16 random bytes, the same in every process of this boot.
        lifetime_s: From the webhook's answer to the start of the stream; carriers take a second or two.
    """

    def __init__(
        self, secret: bytes, *, lifetime_s: float = 60.0, clock: Callable[[], float] = time.time
    ) -> None:
        assert len(secret) >= 16, "a guessable secret is none"
        self._secret, self._lifetime_s, self._clock = secret, lifetime_s, clock
        self._redeemed: dict[str, float] = {}  # nonce -> expiry, oldest redeemed first

    def mint(
        self,
        agent: str,
        call_sid: str,
        caller_number: str = "",
        carrier: str = "twilio",
        *,
        outbound: bool = False,
        called_number: str = "",
        leg: str = "",
    ) -> str:
        grant = StreamGrant(
            agent=agent,
            call_sid=call_sid,
            caller_number=caller_number,
            expires_s=self._clock() + self._lifetime_s,
            nonce=secrets.token_hex(8),
            carrier=carrier,
            outbound=outbound,
            called_number=called_number,
            leg=leg,
        )
        body = base64.urlsafe_b64encode(msgspec.json.encode(grant)).rstrip(b"=")
        return (body + b"." + self._seal(body)).decode("ascii")

    def redeem(self, token: str) -> StreamGrant:
        """What the ticket says; it is worth nothing after.

        Raises:
            Denied: Forged, expired, used before, or not a ticket.
        """
        body, _, seal = token.encode("utf-8", "replace").partition(b".")
        if len(token) > _TOKEN_MAX or not hmac.compare_digest(seal, self._seal(body)):
            raise Denied("stream token is not ours")
        try:
            raw = base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))
            grant = msgspec.json.decode(raw, type=StreamGrant)
        except (binascii.Error, msgspec.DecodeError):
            raise Denied("stream token is not ours") from None
        now_s = self._clock()
        if now_s >= grant.expires_s:
            raise Denied("stream token has expired")
        self._forget_expired(now_s)
        if grant.nonce in self._redeemed:
            raise Denied("stream token was used before")
        if len(self._redeemed) >= _REDEEMED_MAX:
            raise Denied("too many streams at once")
        self._redeemed[grant.nonce] = grant.expires_s
        return grant

    def _seal(self, body: bytes) -> bytes:
        digest = hmac.new(self._secret, b"antiphon stream token\0" + body, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=")

    def _forget_expired(self, now_s: float) -> None:
        for nonce in [nonce for nonce, expires_s in self._redeemed.items() if expires_s <= now_s]:
            del self._redeemed[nonce]
