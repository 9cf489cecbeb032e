"""Plivo XML for a call that is under control: hold, keys, a cold transfer, a seat in a conference. Pure.

Sources: Plivo, "XML: Play", "DTMF", "Dial", "Number", "User", "Conference", "Speak", "Redirect", read
2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from antiphon.calls.numbers import is_sip
from antiphon.calls.ports import ColdTransfer, Seat
from antiphon.calls.streams.webhooks import XML_HEAD

_HEADERS_MAX = 1000
HANG_UP = "<Hangup />"


def document(*verbs: str) -> str:
    return f"{XML_HEAD}<Response>{''.join(verbs)}</Response>"


def redirect(url: str) -> str:
    return f'<Redirect method="POST">{escape(url)}</Redirect>'


def speak(words: str) -> str:
    return f"<Speak>{escape(words)}</Speak>"


def hold_xml(music_url: str) -> str:
    """Music without end."""
    return document(f'<Play loop="0">{escape(music_url)}</Play>')


def digits_xml(digits: str, then_url: str) -> str:
    """`digits` may hold "w", half a second of waiting."""
    return document(f'<DTMF async="false">{escape(digits)}</DTMF>', redirect(then_url))


def dial_xml(transfer: ColdTransfer) -> str:
    """Ring somebody and connect the caller to him; `after_url` is asked when they have done."""
    attributes = {"timeout": str(transfer.ring_s)}
    if transfer.caller_id:
        attributes["callerId"] = plain(transfer.caller_id)
    if transfer.after_url:
        attributes |= {"action": transfer.after_url, "method": "POST"}
    if transfer.whisper_url:
        attributes["confirmSound"] = transfer.whisper_url
    told = sip_headers(transfer.headers) if is_sip(transfer.to) else ""
    if told:
        attributes["sipHeaders"] = told
    written = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    noun = "User" if is_sip(transfer.to) else "Number"
    return document(f"<Dial{written}><{noun}>{escape(plain(transfer.to))}</{noun}></Dial>", HANG_UP)


def seat_xml(seat: Seat) -> str:
    attributes = f'muted="{_bool(seat.muted)}" endConferenceOnExit="{_bool(not seat.stays_without)}"'
    if seat.waiting_url:
        attributes += f" waitSound={quoteattr(seat.waiting_url)}"
    return document(f"<Conference {attributes}>{escape(seat.room)}</Conference>")


def sip_headers(headers: Mapping[str, str]) -> str:
    """`name=value,…`: names of letters and digits, everything else in values percent-encoded. Plivo puts
    "X-PH-" before each name."""
    told = ""
    for name, value in headers.items():
        encoded = re.sub(r"[._~-]", lambda one: f"%{ord(one[0]):02X}", quote(value, safe=""))
        pair = f"{re.sub(r'[^A-Za-z0-9]', '', name)}={encoded}"
        if len(told) + len(pair) >= _HEADERS_MAX:
            break
        told += f",{pair}" if told else pair
    return told


def plain(number: str) -> str:
    """Plivo writes numbers without the plus."""
    return number.removeprefix("+")


def _bool(value: bool) -> str:
    return "true" if value else "false"
