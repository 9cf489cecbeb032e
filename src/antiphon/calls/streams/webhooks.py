"""What the control process asks of a carrier: is it you, who calls, and what shall the call do.

Each carrier's answers are in its folder. Nothing here opens a socket.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import parse_qs

from antiphon.calls.control.reports import LegReport
from antiphon.calls.ports import ColdTransfer
from antiphon.errors import Denied

WINDOW_S = 300.0  # How old a dated request may be; all carriers that date theirs recommend five minutes.
UNDATED_S = 86_400.0  # Longer than any call: who repeats one later gets nowhere near the call it was for.
_SEEN_MAX = 100_000
XML = "application/xml"
XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'

Form = dict[str, list[str]]
Passed = Literal["not taken", "under way", "over"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """A POST as it came. `url` is as the carrier called it; `headers` have lower-case names."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingCall:
    """`call_id` is what the stream's start will say too; `caller_number` is E.164 or ""."""

    call_id: str
    caller_number: str = ""
    called_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where the call's audio goes, and what is asked for when the stream is over."""

    stream_url: str
    token: str
    after_url: str
    call: IncomingCall


class Webhooks(Protocol):
    """One carrier's side of the control process."""

    @property
    def media_type(self) -> str: ...

    @property
    def key_variable(self) -> str:
        """The environment variable its key is in."""

    @property
    def has_key(self) -> bool: ...

    def verify(self, request: WebhookRequest) -> None:
        """Is it this carrier, now, and for the first time?

        Raises:
            Denied: No key, no or a wrong signature, too old, or seen before.
        """

    def call(self, body: bytes) -> IncomingCall:
        """Who calls. Raises: ValueError: The body is no webhook of this carrier."""

    def connect(self, connection: Connection) -> str: ...

    def after(self, transfer: ColdTransfer | None, call: IncomingCall) -> str:
        """Pass the call on, or end it. What a carrier cannot do of it (whisper, headers) is left out."""

    def back(self, words: str, connection: Connection) -> str:
        """Words of the carrier's own voice, then as `connect`."""

    def whisper(self, words: str) -> str:
        """What somebody hears before a caller is put through to him."""

    def reject(self) -> str: ...

    def report(self, body: bytes) -> LegReport:
        """How a call we placed gets on. Raises: ValueError: The body is no webhook of this carrier."""

    def passed(self, body: bytes) -> Passed:
        """What became of a call that was passed on."""


class Replays:
    """Requests that were taken, for as long as they could be sent again.

    Args:
        lifetime_s: Past it the carrier's own date condemns a request, or nobody has kept it.
        clock: Unix time, seconds.
        forgets: A full memory forgets the oldest, where it has to last too long to turn away new ones.
    """

    def __init__(
        self,
        *,
        lifetime_s: float = 2 * WINDOW_S,
        clock: Callable[[], float] = time.time,
        forgets: bool = False,
        seen_max: int = _SEEN_MAX,
    ) -> None:
        self._lifetime_s, self.now_s = lifetime_s, clock
        self._forgets, self._seen_max = forgets, seen_max
        self._seen: dict[str, float] = {}  # key -> expiry, oldest first

    def claim(self, key: str) -> bool:
        """False when it was seen before. A full memory that may not forget lets nobody in."""
        now_s = self.now_s()
        while self._seen and self._seen[next(iter(self._seen))] <= now_s:
            del self._seen[next(iter(self._seen))]
        if key in self._seen:
            return False
        if len(self._seen) >= self._seen_max:
            if not self._forgets:
                return False
            del self._seen[next(iter(self._seen))]
        self._seen[key] = now_s + self._lifetime_s
        return True


def claim_undated(replays: Replays, carrier: str, url: str, signature: str) -> None:
    """Of a carrier whose signature bears neither date nor nonce: the same request is the same signature.
    Instructions are asked for as often as they are played, and asking changes nothing.

    Raises:
        Denied: It was taken before.
    """
    if "/instructions/" not in url and not replays.claim(f"{carrier} {signature}"):
        raise Denied("the request was made before")


def form_of(body: bytes) -> Form:
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)


def first(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


def e164(number: str) -> str:
    """Some carriers leave the plus out. What is no number (a SIP address, "anonymous") stays as it is."""
    return f"+{number}" if number.isascii() and number.isdecimal() and number[0] != "0" else number
