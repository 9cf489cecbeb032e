"""TwiML for a call that is under control: hold, keys, a cold transfer, a seat in a conference. Pure.

Sources: Twilio, "TwiML Voice: Play", "Dial", "Number", "Sip", "Conference", "Say", "Redirect", read 2026-11.
SignalWire's compatible documents are the same.
"""

from __future__ import annotations

from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from antiphon.calls.numbers import is_sip
from antiphon.calls.ports import ColdTransfer, Seat
from antiphon.calls.streams.webhooks import XML_HEAD

_HEADERS_MAX = 1024  # Of a SIP address with its parameters, as Twilio takes it.


def document(*verbs: str) -> str:
    return f"{XML_HEAD}<Response>{''.join(verbs)}</Response>"


def hold_twiml(music_url: str) -> str:
    """Music without end."""
    return document(f'<Play loop="0">{escape(music_url)}</Play>')


def digits_twiml(digits: str, then_url: str) -> str:
    """`digits` may hold "w", half a second of waiting."""
    return document(
        f"<Play digits={quoteattr(digits)} />", f'<Redirect method="POST">{escape(then_url)}</Redirect>'
    )


def say_twiml(words: str, *then: str, language: str = "") -> str:
    spoken_in = f" language={quoteattr(language)}" if language else ""
    return document(f"<Say{spoken_in}>{escape(words)}</Say>", *then)


def dial_twiml(transfer: ColdTransfer) -> str:
    """Ring somebody and connect the caller to him; `after_url` is asked when they have done."""
    attributes = f' timeout="{transfer.ring_s}"'
    if transfer.caller_id:
        attributes = f" callerId={quoteattr(transfer.caller_id)}" + attributes
    if transfer.after_url:
        # Else the caller hears ringing stop and then nothing when nobody answers.
        attributes += f' action={quoteattr(transfer.after_url)} method="POST"'
    whisper = f" url={quoteattr(transfer.whisper_url)}" if transfer.whisper_url else ""
    noun, address = ("Sip", sip_address(transfer)) if is_sip(transfer.to) else ("Number", transfer.to)
    return document(f"<Dial{attributes}><{noun}{whisper}>{escape(address)}</{noun}></Dial>", "<Hangup />")


def sip_address(transfer: ColdTransfer) -> str:
    """The address with what was gathered, as headers: "X-" is put before each name."""
    said, mark = transfer.to, "&" if "?" in transfer.to else "?"
    for name, value in transfer.headers.items():
        more = f"{mark}X-{quote(name, safe='')}={quote(value, safe='')}"
        if len(said) + len(more) > _HEADERS_MAX:
            break
        said, mark = said + more, "&"
    return said


def seat_twiml(seat: Seat) -> str:
    attributes = f' muted="{str(seat.muted).lower()}" beep="false"'
    attributes += f' endConferenceOnExit="{str(not seat.stays_without).lower()}"'
    if seat.waiting_url:
        attributes += f" waitUrl={quoteattr(seat.waiting_url)}"
    return document(f"<Dial><Conference{attributes}>{escape(seat.room)}</Conference></Dial>")


def with_words(words: str, then: str) -> str:
    """A document, with words before everything else in it."""
    return then.replace("<Response>", f"<Response><Say>{escape(words)}</Say>", 1)
