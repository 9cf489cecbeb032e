"""What we tell Twilio to do with a call, and proof that it is Twilio who asks. Pure.

Sources: Twilio, "TwiML Voice: Connect", "TwiML Voice: Stream", "TwiML Voice: Dial", "Webhooks Security", read
2026-07.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit
from xml.sax.saxutils import escape, quoteattr

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_DEFAULT_PORTS = {"https": 443, "http": 80}

Params = Mapping[str, str | Sequence[str]]


def inbound_twiml(
    *, stream_url: str, token: str, after_url: str = "", parameters: Mapping[str, str] | None = None
) -> str:
    """Answer an incoming call by connecting its audio to us, both ways.

    Args:
        stream_url: `wss://host/calls/twilio/{agent}/media`. Query strings are not passed on by Twilio, so the
            token travels as a parameter, which also keeps it out of access logs.
        token: From `StreamTokens.mint` for this call.
        after_url: Asked for TwiML when the stream ends (`after_stream_twiml`); without it the call ends then.
        parameters: Come back in the stream's `start` message; name and value together under 500 characters.
    """
    named = {"token": token, **(parameters or {})}
    inner = "".join(
        f"<Parameter name={quoteattr(name)} value={quoteattr(value)} />" for name, value in named.items()
    )
    action = f' action={quoteattr(after_url)} method="POST"' if after_url else ""
    stream = f"<Stream url={quoteattr(stream_url)}>{inner}</Stream>"
    return f"{_HEAD}<Response><Connect{action}>{stream}</Connect></Response>"


def after_stream_twiml(*, dial: str = "", caller_id: str = "", ring_s: int = 25) -> str:
    """What happens when our stream is over: ring the person the call was escalated to, or hang up.

    Args:
        dial: E.164 number, or "" to end the call.
        caller_id: Number to show; Twilio's default is the caller's own.
        ring_s: When nobody answers for so long, the call ends.
    """
    if not dial:
        return f"{_HEAD}<Response><Hangup /></Response>"
    shown = f" callerId={quoteattr(caller_id)}" if caller_id else ""
    ring = f'<Dial{shown} timeout="{ring_s}"><Number>{escape(dial)}</Number></Dial>'
    return f"{_HEAD}<Response>{ring}<Hangup /></Response>"


def reject_twiml(reason: str = "busy") -> str:
    """Refuse an incoming call without answering it; `reason` is "busy" or "rejected"."""
    return f"{_HEAD}<Response><Reject reason={quoteattr(reason)} /></Response>"


def verify_signature(auth_token: str, url: str, params: Params, signature: str) -> bool:
    """Is `X-Twilio-Signature` right for this request?

    HMAC-SHA1 over the full URL followed by every POST parameter, name then value, sorted by name; a parameter
    given several times counts each distinct value once, sorted. Twilio signs the URL with or without the
    default port depending on the product, so both are tried.

    Args:
        url: As Twilio called it, scheme and query included: behind a proxy, the public one.
        params: Form parameters of a POST; empty for GET and for a WebSocket handshake.
    """
    if not auth_token or not signature:
        return False  # An unset token must not make every caller Twilio.
    given = signature.encode("utf-8", "replace")
    # Both are computed always: the time taken tells nothing.
    matches = [hmac.compare_digest(_sign(auth_token, spelled, params), given) for spelled in _spellings(url)]
    return any(matches)


def _sign(auth_token: str, url: str, params: Params) -> bytes:
    text = url
    for name in sorted(params):
        value = params[name]
        values = [value] if isinstance(value, str) else sorted(set(value))
        text += "".join(name + one for one in values)
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest())


def _spellings(url: str) -> list[str]:
    """The URL with its port and without."""
    parts = urlsplit(url)
    try:
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 443)
    except ValueError:
        return [url]
    user, at, host = parts.netloc.rpartition("@")
    bare = host.rsplit(":", 1)[0] if parts.port else host
    return [
        urlunsplit(parts._replace(netloc=user + at + bare)),
        urlunsplit(parts._replace(netloc=f"{user}{at}{bare}:{port}")),
    ]
