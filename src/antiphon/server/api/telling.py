"""An event to everybody whom it concerns: listeners at once, webhooks by way of the outbox."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from antiphon.server.api.happenings import Happening
from antiphon.server.api.parts import ApiParts
from antiphon.storage.access import now_ms


async def tell(
    parts: ApiParts,
    organisation_id: str,
    type: str,  # noqa: A002 - the word of the API
    data: Mapping[str, Any],
    *,
    agent: str = "",
    event_id: str = "",
) -> None:
    """Tell of something. `event_id`: given where it could be told twice, so that it is delivered once.

    No words of a caller and no numbers go into `data`: whoever wants them asks for the call.
    """
    happening = Happening(
        id=event_id or f"evt_{secrets.token_hex(12)}",
        organisation_id=organisation_id,
        type=type,
        at_ms=now_ms(),
        data=data,
        agent=agent,
    )
    await put_for_webhooks(parts, happening)
    parts.happenings.tell(happening)


async def put_for_webhooks(parts: ApiParts, happening: Happening) -> None:
    """To be delivered to every webhook that wants it, once."""
    for webhook in await parts.outbox.of(happening.organisation_id):
        if webhook.wants(happening.type):
            body = json.dumps(happening.told(), separators=(",", ":"))
            await parts.outbox.put(webhook, happening.id, happening.type, body)
