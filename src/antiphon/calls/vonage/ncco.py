"""Call control objects for a Vonage call that is under control. Pure.

Source: Vonage, "NCCO reference": stream, talk, connect, conversation, read 2026-11.
"""

from __future__ import annotations

from typing import Any

from antiphon.calls.numbers import is_sip
from antiphon.calls.ports import ColdTransfer, Seat

Ncco = list[dict[str, Any]]  # Any: JSON.


def hold_ncco(music_url: str) -> Ncco:
    """Music without end."""
    return [{"action": "stream", "streamUrl": [music_url], "loop": 0}]


def talk(words: str) -> dict[str, Any]:
    return {"action": "talk", "text": words}


def dial_ncco(transfer: ColdTransfer) -> Ncco:
    """Ring somebody and connect the caller to him. `after_url` is told how it goes; what it answers when
    nobody takes the call is what the caller gets."""
    action: dict[str, Any] = {
        "action": "connect",
        "timeout": transfer.ring_s,
        "endpoint": [endpoint(transfer)],
    }
    if transfer.caller_id:
        action["from"] = plain(transfer.caller_id)
    if transfer.after_url:
        action |= {"eventType": "synchronous", "eventUrl": [transfer.after_url], "eventMethod": "POST"}
    return [action]


def endpoint(transfer: ColdTransfer) -> dict[str, Any]:
    if is_sip(transfer.to):
        return {"type": "sip", "uri": transfer.to, "headers": dict(transfer.headers)}
    person: dict[str, Any] = {"type": "phone", "number": plain(transfer.to)}
    if transfer.whisper_url:
        person["onAnswer"] = {"url": transfer.whisper_url}
    return person


def seat_ncco(seat: Seat) -> Ncco:
    action: dict[str, Any] = {
        "action": "conversation",
        "name": seat.room,
        "mute": seat.muted,
        "endOnExit": not seat.stays_without,
    }
    if seat.waiting_url:
        action |= {"musicOnHoldUrl": [seat.waiting_url]}
    return [action]


def plain(number: str) -> str:
    """Vonage writes numbers without the plus."""
    return number.removeprefix("+")
