"""`/v1/webhooks`: where events are sent, and how that went."""

from __future__ import annotations

import base64
import re
from dataclasses import asdict
from urllib.parse import urlsplit

from fastapi import APIRouter, Query

from antiphon.server.access.roles import Permission
from antiphon.server.api import shapes
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.parts import ApiParts
from antiphon.server.problems import Problem

router = APIRouter(prefix="/webhooks", route_class=GatedRoute, tags=["webhooks"])

WEBHOOKS_MAX = 20
_PRINTABLE = re.compile(r"[!-~]+")


@router.get("", openapi_extra=needs(Permission.WEBHOOKS_READ))
async def list_webhooks(who: Who, parts: Parts) -> shapes.Webhooks:
    """Webhooks of your organisation."""
    found = await parts.outbox.of(who.organisation_id)
    return shapes.Webhooks(webhooks=[_shape(asdict(one)) for one in found])


@router.post("", status_code=201, openapi_extra=needs(Permission.WEBHOOKS_WRITE))
async def create_webhook(wanted: shapes.NewWebhook, who: Who, parts: Parts) -> shapes.WebhookMade:
    """Have events sent to an https address, signed with a secret that is shown this once."""
    _check_url(wanted.url, parts)
    if len(await parts.outbox.of(who.organisation_id)) >= WEBHOOKS_MAX:
        raise Problem(409, f"{WEBHOOKS_MAX} webhooks are the most", fix="remove one first")
    webhook, secret = await parts.outbox.add(who.organisation_id, wanted.url, tuple(wanted.events))
    shape = _shape(asdict(webhook))
    return shapes.WebhookMade(**shape.model_dump(), secret=f"whsec_{base64.b64encode(secret).decode()}")


@router.delete("/{webhook_id}", status_code=204, openapi_extra=needs(Permission.WEBHOOKS_WRITE))
async def delete_webhook(webhook_id: str, who: Who, parts: Parts) -> None:
    """Nothing more is sent there, not even what waits."""
    if not await parts.outbox.remove(who.organisation_id, webhook_id):
        raise Problem(404, "no such webhook")


@router.get("/{webhook_id}/deliveries", openapi_extra=needs(Permission.WEBHOOKS_READ))
async def list_deliveries(
    webhook_id: str, who: Who, parts: Parts, limit: int = Query(default=100, ge=1, le=500)
) -> shapes.Deliveries:
    """What was sent, or is to be, newest first."""
    if webhook_id not in {one.id for one in await parts.outbox.of(who.organisation_id)}:
        raise Problem(404, "no such webhook")
    found = await parts.outbox.deliveries_of(who.organisation_id, webhook_id, limit)
    names = shapes.Delivery.model_fields
    return shapes.Deliveries(
        deliveries=[
            shapes.Delivery(**{name: value for name, value in asdict(one).items() if name in names})
            for one in found
        ]
    )


@router.post(
    "/deliveries/{delivery_id}/retry", status_code=202, openapi_extra=needs(Permission.WEBHOOKS_WRITE)
)
async def retry_delivery(delivery_id: str, who: Who, parts: Parts) -> None:
    """Try one again that was given up."""
    if not await parts.outbox.retry(who.organisation_id, delivery_id):
        raise Problem(404, "no such delivery that was given up")


def _check_url(url: str, parts: ApiParts) -> None:
    try:
        split = urlsplit(url)
        good = split.hostname and (split.port or 1) and not split.username and not split.password
    except ValueError:
        good = False
    private = parts.settings.webhooks_private or parts.settings.local_is_owner
    schemes = {"https", "http"} if private else {"https"}
    if not good or split.scheme not in schemes or split.fragment or not _PRINTABLE.fullmatch(url):
        raise Problem(
            422, "the url is not one events can be sent to", fix="https://host/path, nothing secret in it"
        )


def _shape(values: dict[str, object]) -> shapes.Webhook:
    return shapes.Webhook.model_validate(
        {name: value for name, value in values.items() if name in shapes.Webhook.model_fields}
        | {"events": list(values["events"])}  # type: ignore[call-overload]
    )
