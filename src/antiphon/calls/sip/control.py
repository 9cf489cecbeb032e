"""Our own SIP lines as a carrier, for those who place calls: people are called through the first trunk."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, NoReturn, Protocol

from antiphon.calls.control.reports import LegReport
from antiphon.calls.ports import (
    CallEnd,
    ColdTransfer,
    Dial,
    NumberQuery,
    NumberRouting,
    OwnedNumber,
    Seat,
)
from antiphon.calls.sip.capabilities import CAPABILITIES, CARRIER
from antiphon.calls.sip.dials import Ring
from antiphon.calls.sip.line import LEG, News
from antiphon.errors import CallFailed, ConfigError, ProviderUnavailable
from antiphon.trust.recording import RecordingConsent

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
# What `Ended` says, as a carrier would. Who declines is as good as busy: he is there and does not want to.
_ENDS: dict[str, CallEnd] = {
    "hangup": "completed",
    "agent": "completed",
    "transferred": "completed",
    "busy": "busy",
    "declined": "busy",
    "no answer": "no_answer",
}

Report = Callable[[str, LegReport], object]


class Lines(Protocol):
    """What we need of `SipLines`."""

    @property
    def is_connected(self) -> bool: ...
    def ring(self, ring: Ring) -> str: ...
    def hang_up(self, name: str) -> None: ...
    async def pass_on(self, name: str, transfer: ColdTransfer) -> None: ...


class SipControl:
    """Implements `CarrierControl`. There are no webhooks: `report` is told what they would say."""

    carrier = CARRIER
    capabilities = CAPABILITIES

    def __init__(self) -> None:
        self._lines: Lines | None = None
        self._report: Report = lambda leg, report: None

    def connect(self, lines: Lines, report: Report) -> None:
        """Who calls and who is called for need each other; this comes when both are there."""
        self._lines, self._report = lines, report

    async def dial(self, dial: Dial) -> str:
        if self._lines is None or not self._lines.is_connected:
            raise ProviderUnavailable(CARRIER, "the SIP worker is not there")
        shown = dial.caller_id if _NUMBER.fullmatch(dial.caller_id) else ""
        leg = dial.key

        def news(what: News) -> None:
            self._report(leg, reported(call_id, what))

        call_id = self._lines.ring(
            Ring(
                to=dial.to,
                caller_id=shown,
                ring_s=dial.ring_s,
                metadata={LEG: leg, "carrier": CARRIER},
                news=news,
            )
        )
        return call_id

    async def hang_up(self, call_id: str) -> None:
        if self._lines is not None:
            self._lines.hang_up(call_id)

    async def refer(self, call_id: str, transfer: ColdTransfer) -> CallEnd:
        """Ask a caller's line to call the person in our place. "completed": they talk; else he is here."""
        if self._lines is None:
            return "failed"
        try:
            await self._lines.pass_on(call_id, transfer)
        except CallFailed as error:
            return _ENDS.get(str(error).partition(":")[0], "failed")
        return "completed"

    async def search_numbers(self, query: NumberQuery) -> NoReturn:
        _cannot("search for numbers")

    async def owned_numbers(self) -> tuple[OwnedNumber, ...]:
        return ()

    async def buy_number(self, number: str, routing: NumberRouting) -> NoReturn:
        _cannot("buy a number")

    async def configure_number(self, number_id: str, routing: NumberRouting) -> NoReturn:
        _cannot("configure a number")

    async def release_number(self, number_id: str) -> NoReturn:
        _cannot("release a number")

    async def answer(self, call_id: str, instructions_url: str) -> NoReturn:
        _cannot("answer by request")

    async def hold(self, call_id: str, music_url: str) -> NoReturn:
        _cannot("play music by address")

    async def resume(self, call_id: str, instructions_url: str) -> NoReturn:
        _cannot("follow instructions")

    async def send_digits(self, call_id: str, digits: str, instructions_url: str) -> NoReturn:
        _cannot("follow instructions after keys")

    async def transfer(self, call_id: str, transfer: ColdTransfer) -> None:
        if (end := await self.refer(call_id, transfer)) != "completed":
            raise CallFailed(f"the caller was not passed on: {end}")

    async def seat(self, call_id: str, seat: Seat) -> NoReturn:
        _cannot("hold a conference")

    async def mute(self, call_id: str, room: str, *, muted: bool) -> NoReturn:
        _cannot("hold a conference")

    async def hold_seat(self, call_id: str, room: str, music_url: str) -> NoReturn:
        _cannot("hold a conference")

    async def start_recording(self, call_id: str, consent: RecordingConsent) -> NoReturn:
        _cannot("record at the carrier")

    async def pause_recording(self, call_id: str, recording_id: str) -> NoReturn:
        _cannot("record at the carrier")

    async def resume_recording(self, call_id: str, recording_id: str) -> NoReturn:
        _cannot("record at the carrier")

    async def stop_recording(self, call_id: str, recording_id: str) -> NoReturn:
        _cannot("record at the carrier")

    async def close(self) -> None:
        """The lines are another's to close."""


def reported(call_id: str, news: News) -> LegReport:
    """News of a line, as a carrier's webhook would tell it."""
    state: Literal["answered", "ended"] = "ended" if news.ended else "answered"
    return LegReport(call_id=call_id, state=state, how=_ENDS.get(news.ended, "failed"), machine=news.machine)


def _cannot(what: str) -> NoReturn:
    raise ConfigError(f"our own SIP lines do not {what}")
