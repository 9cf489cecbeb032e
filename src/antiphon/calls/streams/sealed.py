"""What travels in an address of ours that a carrier asks later: encrypted, so that no log of addresses reads
what a caller said, dated, and of one kind only. For carriers that fetch what a call shall do and take no
instructions in a request, and for those whose later webhook does not name the call it is about."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from antiphon.errors import Denied

_NONCE_BYTES = 12
_TICKET_MAX = 6000


class Told(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something to be told later."""


class Instructions(Told, frozen=True, kw_only=True):
    """A document, as the carrier is answered with it."""

    text: str
    media_type: str


class PassedOn(Told, frozen=True, kw_only=True):
    """The caller of a call that was passed on."""

    call_id: str
    caller_number: str = ""
    called_number: str = ""


class _Envelope(msgspec.Struct, frozen=True):
    """`expires_s` is Unix time."""

    expires_s: float
    told: Instructions | PassedOn


Kind = TypeVar("Kind", Instructions, PassedOn)


class Sealed:
    """Seals and opens with the secret of this boot, which control process and media worker share.

    Args:
        lifetime_s: A ringing phone or a talk may lie between, no more than a call may last.
    """

    def __init__(
        self, secret: bytes, *, lifetime_s: float = 4 * 3600.0, clock: Callable[[], float] = time.time
    ) -> None:
        kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"antiphon sealed")
        self._key = AESGCM(kdf.derive(secret))
        self._lifetime_s, self._clock = lifetime_s, clock

    def seal(self, told: Instructions | PassedOn) -> str:
        """A ticket for a path; nothing in it can be read."""
        envelope = _Envelope(self._clock() + self._lifetime_s, told)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._key.encrypt(nonce, msgspec.json.encode(envelope), None)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, ticket: str, kind: type[Kind]) -> Kind:
        """Raises: Denied: Forged, cut, too old, or of another kind."""
        try:
            if len(ticket) > _TICKET_MAX:
                raise ValueError("too long")
            raw = base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))
            clear = self._key.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None)
            envelope = msgspec.json.decode(clear, type=_Envelope)
        except (binascii.Error, ValueError, InvalidTag, msgspec.DecodeError):
            raise Denied("this address is not ours") from None
        if not isinstance(envelope.told, kind):
            raise Denied("this address is for something else")
        if self._clock() >= envelope.expires_s:
            raise Denied("this address has expired")
        return envelope.told
