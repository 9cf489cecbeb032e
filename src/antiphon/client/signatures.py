"""For whoever receives webhooks: is it really ours, and is it new?"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

OLD_S = 300


class SignatureWrong(Exception):
    """Answer 400 and do nothing: it is not from us, or was changed, or is old."""


def verify_webhook(
    secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float | None = None
) -> dict[str, Any]:
    """The event. Keep its `id` and act once: the same may come again.

    Args:
        secret: As it was shown when the webhook was made ("whsec_…").
        body: As it came, before any parsing.

    Raises:
        SignatureWrong: Do not act on it.
    """
    found = {name.lower(): value for name, value in headers.items()}
    try:
        event_id, timestamp = found["webhook-id"], found["webhook-timestamp"]
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        age_s = (time.time() if now_s is None else now_s) - int(timestamp)
        shown = found["webhook-signature"].split()
    except (KeyError, ValueError, binascii.Error) as error:
        raise SignatureWrong("not a signed webhook") from error
    if abs(age_s) > OLD_S:
        raise SignatureWrong("signed too long ago, or in the future")
    mac = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, sha256).digest()
    right = f"v1,{base64.b64encode(mac).decode()}".encode()
    if not any(hmac.compare_digest(right, one.encode()) for one in shown):
        raise SignatureWrong("the signature is wrong")
    event: dict[str, Any] = json.loads(body)
    return event
