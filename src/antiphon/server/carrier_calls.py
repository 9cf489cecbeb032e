"""Webhooks of phone carriers: what to do with a call, proof first that the carrier asks."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from antiphon.calls.twilio.control import after_stream_twiml, inbound_twiml, reject_twiml, verify_signature
from antiphon.errors import AntiphonError
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/calls/twilio")

Form = dict[str, list[str]]


async def _verified_form(request: Request, control: Control) -> Form:
    """The form, once its signature is right.

    Raises:
        Problem: 403; nothing about the call is revealed.
    """
    form = parse_qs((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    settings = control.settings
    if not settings.twilio_auth_token:
        if settings.allow_unsigned:
            log.warning("unsigned_webhook_taken", path=request.url.path)
            return form
        raise Problem(
            403,
            "webhooks are not taken: no signature can be checked",
            fix="set TWILIO_AUTH_TOKEN (or ANTIPHON_ALLOW_UNSIGNED=1 for a local experiment)",
        )
    params: dict[str, str | Sequence[str]] = dict(form)
    signature = request.headers.get("x-twilio-signature", "")
    if not verify_signature(settings.twilio_auth_token, _url_called(request, control), params, signature):
        log.warning("webhook_signature_wrong", path=request.url.path)
        raise Problem(403, "the signature is not right for this address and form")
    return form


def _url_called(request: Request, control: Control) -> str:
    """The address as the carrier called it; behind a proxy that is the public one."""
    public = control.settings.public_url
    if not public:
        return str(request.url)
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{public}{request.url.path}{query}"


def _first(form: Form, name: str) -> str:
    return form.get(name, [""])[0]


def _twiml(text: str) -> Response:
    return Response(text, media_type="application/xml")


@router.post("/{agent}")
async def incoming(agent: str, request: Request, control: Current) -> Response:
    """An incoming call: connect its audio to the media worker, with a ticket good for this call only."""
    form = await _verified_form(request, control)
    if control.draining:
        return _twiml(reject_twiml("busy"))
    try:
        known = {entry["name"] for entry in await control.media.agents()}
    except AntiphonError as error:
        log.error("incoming_call_without_media_worker", reason=str(error))
        return _twiml(reject_twiml("busy"))
    if agent not in known:
        raise Problem(404, f"no agent named {agent!r}", fix=f"one of: {', '.join(sorted(known))}")
    assert control.tokens is not None, "tickets are minted wherever webhooks are served"
    token = control.tokens.mint(agent, _first(form, "CallSid"), _first(form, "From"))
    base = control.settings.public_url or str(request.base_url).rstrip("/")
    return _twiml(
        inbound_twiml(
            stream_url=f"{control.settings.media_base_url}/calls/twilio/{agent}/media",
            token=token,
            after_url=f"{base}/calls/twilio/{agent}/after",
        )
    )


@router.post("/{agent}/after")
async def after(agent: str, request: Request, control: Current) -> Response:
    """Our stream is over: ring the person the call was escalated to, or hang up."""
    form = await _verified_form(request, control)
    try:
        outcome = await control.media.outcome(_first(form, "CallSid"))
    except AntiphonError as error:
        # The worker died with the call in it; there is nobody left to say where it should go.
        log.error("call_outcome_unknown", agent=agent, reason=str(error))
        outcome = {}
    target = outcome.get("escalate_to", "")
    return _twiml(after_stream_twiml(dial=target if target.startswith("+") else ""))
