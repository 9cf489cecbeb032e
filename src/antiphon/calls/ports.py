"""Carrier control: what we ask of a phone company, whoever it is. Adapters are in one folder per carrier.

Everything that dials, buys or ends something tells by its error whether it happened: `ProviderRejected` and
`ProviderUnavailable` mean that it did not, `DeadlineExceeded` that nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Literal, Protocol

from antiphon.trust.dialling import DialPermit
from antiphon.trust.recording import RecordingConsent

NumberKind = Literal["local", "mobile", "toll_free"]
CallEnd = Literal["completed", "busy", "no_answer", "failed", "cancelled"]


class Capability(Enum):
    """What a carrier's interface can do; asked before an agent that needs it takes calls."""

    NUMBERS = "numbers"
    DIAL = "dial"
    MACHINE_DETECTION = "machine detection"
    ANSWER = "answer by request"  # Others are answered by what their webhook is told.
    HANG_UP = "hang up"
    HOLD = "hold with music"
    MUTE = "mute"
    SEND_DIGITS = "send digits"
    TRANSFER = "cold transfer"
    WHISPER = "whisper before a transfer"
    SIP_HEADERS = "headers to a SIP address"
    CONFERENCE = "conference"
    RECORD = "record"
    PAUSE_RECORDING = "pause a recording"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberQuery:
    """Attributes: country: ISO 3166, two letters. contains: Digits anywhere in the number."""

    country: str
    kind: NumberKind = "local"
    area_code: str = ""
    contains: str = ""
    results_max: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberOffer:
    """A number to be had; `monthly_usd` where the carrier tells."""

    number: str
    locality: str = ""
    monthly_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedNumber:
    """`number_id` is the carrier's own; `answer_url` is asked what to do with a call."""

    number_id: str
    number: str
    label: str = ""
    answer_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRouting:
    """What a number does with calls. An empty `status_url` is told nothing."""

    answer_url: str
    status_url: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """One intent to call somebody.

    Attributes:
        key: The intent's own; whoever asks twice with one key means one call.
        permit: Whom to call, and that he may be called.
        caller_id: E.164, a number of ours.
        answer_url: Asked what to do once somebody, or something, has answered.
        status_url: Told of ringing, answer and end.
        detect_machine: Have the carrier listen for a machine before `answer_url` is asked.
        headers: For a SIP address; names without "X-".
    """

    key: str
    permit: DialPermit
    caller_id: str
    answer_url: str
    status_url: str
    ring_s: int = 25
    call_max_s: int = 7200
    detect_machine: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def to(self) -> str:
        """E.164 or a SIP address."""
        return self.permit.number


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdTransfer:
    """Pass a call on and be out of it.

    Attributes:
        whisper_url: Asked what the person hears before the caller does; "" for nothing.
        after_url: Told how it went, and asked what the caller hears when nobody took the call.
        comes_back: He was an agent's, who takes him back when nobody else does.
    """

    to: str
    caller_id: str = ""
    ring_s: int = 25
    whisper_url: str = ""
    after_url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    comes_back: bool = False


def gathered_headers(reason: str, summary: str) -> dict[str, str]:
    """What a person at a SIP address is sent of the caller; each line puts its own prefix before a name."""
    said = {"Antiphon-Reason": reason, "Antiphon-Summary": summary}
    return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """How a call sits in a conference. `stays_without` false: when this call leaves, the conference ends."""

    room: str
    muted: bool = False
    stays_without: bool = True
    waiting_url: str = ""


class CarrierControl(Protocol):
    """One account at one carrier.

    Every method raises:
        ProviderRejected: Key, quota, a wrong argument: not done, and asking again cannot help.
        ProviderUnavailable: Not done; later or elsewhere it may be.
        DeadlineExceeded: Asked, and no answer came: nobody knows whether it was done.
        ConfigError: The carrier cannot do this at all; see `capabilities`.
    Those that take a `call_id` also:
        CallFailed: That call is over, or never was.
    """

    @property
    def carrier(self) -> str: ...

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    async def search_numbers(self, query: NumberQuery) -> tuple[NumberOffer, ...]: ...

    async def owned_numbers(self) -> tuple[OwnedNumber, ...]: ...

    async def buy_number(self, number: str, routing: NumberRouting) -> OwnedNumber: ...

    async def configure_number(self, number_id: str, routing: NumberRouting) -> OwnedNumber: ...

    async def release_number(self, number_id: str) -> None: ...

    async def dial(self, dial: Dial) -> str:
        """Gives the carrier's id of the call, "" where only a webhook tells it. One request, no retry."""

    async def answer(self, call_id: str, instructions_url: str) -> None: ...

    async def hang_up(self, call_id: str) -> None:
        """A call that is over already is no error."""

    async def hold(self, call_id: str, music_url: str) -> None:
        """Music in place of whatever the call was doing."""

    async def resume(self, call_id: str, instructions_url: str) -> None:
        """Back from hold, or from anywhere: do what this address says."""

    async def send_digits(self, call_id: str, digits: str, instructions_url: str) -> None:
        """Keys for another company's menu ("w" waits half a second), then what this address says. Where
        they can be sent over what the call does, it goes on with that."""

    async def transfer(self, call_id: str, transfer: ColdTransfer) -> None: ...

    async def seat(self, call_id: str, seat: Seat) -> None:
        """Move a call into a conference, which begins with its first call."""

    async def mute(self, call_id: str, room: str, *, muted: bool) -> None: ...

    async def hold_seat(self, call_id: str, room: str, music_url: str) -> None:
        """Music for this one in the conference; an empty address brings him back."""

    async def start_recording(self, call_id: str, consent: RecordingConsent) -> str:
        """Both sides, a channel each, of a caller who permitted it. Gives the recording's id."""

    async def pause_recording(self, call_id: str, recording_id: str) -> None:
        """Silence is kept in place of what is said."""

    async def resume_recording(self, call_id: str, recording_id: str) -> None: ...

    async def stop_recording(self, call_id: str, recording_id: str) -> None: ...

    async def close(self) -> None: ...
