"""Webhooks of phone carriers: what to do with a call, proof first that the carrier asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from antiphon.calls.control.accounts import CAPABILITIES
from antiphon.calls.numbers import is_sip
from antiphon.calls.plivo import PlivoWebhooks
from antiphon.calls.ports import Capability, ColdTransfer, gathered_headers
from antiphon.calls.signalwire import SignalWireWebhooks
from antiphon.calls.streams import Instructions, PassedOn
from antiphon.calls.streams.webhooks import Connection, IncomingCall, WebhookRequest, Webhooks
from antiphon.calls.telnyx import TelnyxWebhooks
from antiphon.calls.twilio import TwilioWebhooks
from antiphon.calls.vonage import VonageWebhooks
from antiphon.errors import AntiphonError, Denied
from antiphon.server.control import Control, Current
from antiphon.server.problems import Problem

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/calls")

_WEBHOOKS: Mapping[str, Callable[[Control], Webhooks]] = {
    "twilio": lambda control: TwilioWebhooks(control.settings.twilio_auth_token, control.undated),
    "signalwire": lambda control: SignalWireWebhooks(
        control.settings.signalwire_signing_key, control.undated
    ),
    "telnyx": lambda control: TelnyxWebhooks(control.settings.telnyx_public_key, control.replays),
    "plivo": lambda control: PlivoWebhooks(control.settings.plivo_auth_token, control.undated),
    "vonage": lambda control: VonageWebhooks(control.settings.vonage_signature_secret, control.replays),
}


def webhooks_of(carrier: str, control: Control) -> Webhooks:
    make = _WEBHOOKS.get(carrier)
    if make is None:
        raise Problem(404, f"no carrier named {carrier!r}", fix=f"one of: {', '.join(_WEBHOOKS)}")
    return make(control)


async def verified(webhooks: Webhooks, request: Request, control: Control) -> bytes:
    """The body, once the signature is right.

    Raises:
        Problem: 403; nothing about the call is revealed.
    """
    body = await request.body()
    if webhooks.has_key:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            webhooks.verify(WebhookRequest(url=_url_called(request, control), headers=headers, body=body))
        except Denied as error:
            control.refused["webhooks"] += 1
            log.warning("webhook_signature_wrong", path=request.url.path, reason=str(error))
            raise Problem(403, str(error)) from None
    elif control.settings.allow_unsigned:
        log.warning("unsigned_webhook_taken", path=request.url.path)
    else:
        control.refused["webhooks"] += 1
        fix = f"set {webhooks.key_variable} (or ANTIPHON_ALLOW_UNSIGNED=1 for a local experiment)"
        log.warning("webhook_not_checked", path=request.url.path, fix=fix)
        raise Problem(403, "webhooks are not taken: no signature can be checked", fix=fix)
    return body


def call_of(webhooks: Webhooks, body: bytes, control: Control) -> IncomingCall:
    """Who calls. Raises: Problem: 400; signed, and no webhook of a call, or of none that is named."""
    try:
        call = webhooks.call(body)
    except ValueError as error:
        raise not_of_a_call(str(error), control) from None
    if not call.call_id:
        raise not_of_a_call("no call is named", control)
    return call


def not_of_a_call(why: str, control: Control) -> Problem:
    control.refused["webhooks"] += 1
    log.warning("webhook_of_no_call", reason=why)
    return Problem(400, why)


async def _verified_call(webhooks: Webhooks, request: Request, control: Control) -> IncomingCall:
    return call_of(webhooks, await verified(webhooks, request, control), control)


def base_url(request: Request, control: Control) -> str:
    """How the outside reaches this process."""
    return control.settings.public_url or str(request.base_url).rstrip("/")


def _url_called(request: Request, control: Control) -> str:
    """The address as the carrier called it; behind a proxy that is the public one."""
    public = control.settings.public_url
    if not public:
        return str(request.url)
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{public}{request.url.path}{query}"


@router.post("/{carrier}")
@router.post("/{carrier}/{agent}")
async def incoming(carrier: str, request: Request, control: Current, agent: str = "") -> Response:
    """An incoming call: connect its audio to the media worker, with a ticket good for this call only. Where
    routes are in force, the number that was called decides, whatever agent the address names."""
    webhooks = webhooks_of(carrier, control)
    call = await _verified_call(webhooks, request, control)
    if control.draining:
        return Response(webhooks.reject(), media_type=webhooks.media_type)
    try:
        if control.settings.routes is not None:
            routed = await _routed(carrier, call, control)
            if routed is None:
                control.refused["calls"] += 1
            if isinstance(routed, ColdTransfer | None):
                answer = webhooks.after(routed, call) if routed is not None else webhooks.reject()
                return Response(answer, media_type=webhooks.media_type)
            agent = routed
        known = {entry["name"] for entry in await control.media.agents()}
    except AntiphonError as error:
        log.error("incoming_call_without_media_worker", reason=str(error))
        return Response(webhooks.reject(), media_type=webhooks.media_type)
    if agent not in known:
        control.refused["calls"] += 1
        raise Problem(404, f"no agent named {agent!r}", fix=f"one of: {', '.join(sorted(known))}")
    assert control.tokens is not None, "tickets are minted wherever webhooks are served"
    connection = Connection(
        stream_url=f"{control.settings.media_base_url}/calls/{carrier}/{agent}/media",
        token=control.tokens.mint(
            agent, call.call_id, call.caller_number, carrier, called_number=call.called_number
        ),
        after_url=f"{base_url(request, control)}/calls/{carrier}/{agent}/after",
        call=call,
    )
    return Response(webhooks.connect(connection), media_type=webhooks.media_type)


async def _routed(carrier: str, call: IncomingCall, control: Control) -> str | ColdTransfer | None:
    """The agent that answers, to whom the call goes instead, or nobody."""
    routed = await control.media.route(
        call.called_number, agent="", caller=call.caller_number, call_key=call.call_id
    )
    if routed["agent"]:
        return routed["agent"]
    target = routed["forward"]
    if target and not (is_sip(target) and Capability.SIP_HEADERS not in CAPABILITIES[carrier]):
        return ColdTransfer(to=target)
    log.warning("incoming_call_refused", carrier=carrier, reason=routed["reason"] or "it cannot be forwarded")
    return None


@router.post("/{carrier}/{agent}/after")
async def after(carrier: str, agent: str, request: Request, control: Current) -> Response:
    """Our stream is over: ring the person the call was escalated to, or hang up."""
    webhooks = webhooks_of(carrier, control)
    call = await _verified_call(webhooks, request, control)
    try:
        outcome = await control.media.outcome(call.call_id)
    except AntiphonError as error:
        # The worker died with the call in it; there is nobody left to say where it should go.
        log.error("call_outcome_unknown", agent=agent, reason=str(error))
        outcome = {}
    transfer = _passed_on(outcome, carrier)
    if transfer is not None:
        place = (f"{base_url(request, control)}/calls/{carrier}", agent)
        transfer = _with_addresses(transfer, webhooks, place, call, control)
    return Response(webhooks.after(transfer, call), media_type=webhooks.media_type)


def _passed_on(outcome: dict[str, str], carrier: str) -> ColdTransfer | None:
    """To whom the call goes, with what was gathered; None ends it."""
    target = outcome.get("escalate_to", "")
    if not target or (is_sip(target) and Capability.SIP_HEADERS not in CAPABILITIES[carrier]):
        return None
    gathered = gathered_headers(outcome.get("reason", ""), outcome.get("summary", ""))
    return ColdTransfer(to=target, headers=gathered)


def _with_addresses(
    transfer: ColdTransfer, webhooks: Webhooks, place: tuple[str, str], call: IncomingCall, control: Control
) -> ColdTransfer:
    """Where the carrier asks what the person hears first, and what becomes of the caller."""
    assert control.sealed is not None, "addresses are sealed wherever webhooks are served"
    url, agent = place
    words = transfer.headers.get("Antiphon-Summary") or "A caller was passed on to you."
    whisper = Instructions(text=webhooks.whisper(words), media_type=webhooks.media_type)
    caller = PassedOn(
        call_id=call.call_id, caller_number=call.caller_number, called_number=call.called_number
    )
    return replace(
        transfer,
        whisper_url=f"{url}/instructions/{control.sealed.seal(whisper)}",
        after_url=f"{url}/{agent}/dialled/{control.sealed.seal(caller)}",
    )


@router.post("/{carrier}/{agent}/event")
async def event(carrier: str, agent: str, request: Request, control: Current) -> Response:
    """What the carrier tells of a call's progress: an application must have somewhere to tell it."""
    await verified(webhooks_of(carrier, control), request, control)
    return Response(status_code=204)
