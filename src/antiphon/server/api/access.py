"""`/v1/keys`, `/v1/tokens`, `/v1/members`, `/v1/audit`, `/v1/me`: who comes in, and what he did."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter, Query

from antiphon.errors import ConfigError
from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import PERMISSIONS, Permission, Role, allowed
from antiphon.server.access.tokens import FOR_BROWSERS, Wish
from antiphon.server.api import shapes
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.sight import sight_of
from antiphon.server.problems import Problem
from antiphon.storage.access import ApiKey, Member, new_key, now_ms

router = APIRouter(route_class=GatedRoute, tags=["access"])


@router.get("/me", openapi_extra=needs(Permission.AGENTS_READ))
async def who_am_i(who: Who, parts: Parts) -> shapes.Myself:
    """What this credential is, and may do."""
    organisation = await parts.organisations.find(who.organisation_id)
    return shapes.Myself(
        kind=who.kind,
        subject=who.subject,
        organisation=who.organisation_id,
        organisation_name=organisation.name if organisation else "",
        permissions=sorted(who.permissions),
        good_until_ms=who.good_until_ms,
    )


@router.get("/keys", openapi_extra=needs(Permission.KEYS_READ))
async def list_keys(who: Who, parts: Parts) -> shapes.Keys:
    """API keys of your organisation, revoked ones too, without their secrets."""
    return shapes.Keys(keys=[shapes.Key(**_key(key)) for key in await parts.keys.of(who.organisation_id)])


@router.post("/keys", status_code=201, openapi_extra=needs(Permission.KEYS_WRITE))
async def create_key(wanted: shapes.NewKey, who: Who, parts: Parts) -> shapes.KeyMade:
    """Make a key that may do no more than you; it is shown this once."""
    _no_more_than(who, allowed(wanted.role, wanted.scopes))
    if wanted.expires_at_ms is not None and wanted.expires_at_ms <= now_ms():
        raise Problem(422, "expires_at_ms is past")
    key = replace(
        new_key(who.organisation_id, wanted.name, wanted.role, who.subject),
        scopes=tuple(dict.fromkeys(wanted.scopes)),
        expires_at_ms=wanted.expires_at_ms,
    )
    return shapes.KeyMade(**_key(key), key=await parts.keys.create(key))


@router.delete("/keys/{key_id}", status_code=204, openapi_extra=needs(Permission.KEYS_WRITE))
async def revoke_key(key_id: str, who: Who, parts: Parts) -> None:
    """From now on the key opens nothing, nor do tokens made with it."""
    if not await parts.keys.revoke(who.organisation_id, key_id):
        raise Problem(404, "no such key")


@router.post("/tokens", status_code=201, openapi_extra=needs(Permission.TOKENS_CREATE))
async def create_token(wanted: shapes.NewToken, who: Who, parts: Parts) -> shapes.Token:
    """A token for a page in a browser: never give a page a key."""
    if who.kind == "token":
        raise Problem(403, "a token makes no tokens")
    scopes = frozenset(wanted.scopes)
    if not scopes <= FOR_BROWSERS:
        raise Problem(
            422, "a page may not have all of these scopes", fix=f"some of: {', '.join(sorted(FOR_BROWSERS))}"
        )
    _no_more_than(who, scopes)
    if wanted.agent and not (await sight_of(who, parts))(wanted.agent):
        raise Problem(404, "no such agent")
    wish = Wish(scopes=scopes, life_s=wanted.life_s, agent=wanted.agent)
    token, good_until_ms = parts.tokens.mint(who, wish)
    return shapes.Token(token=token, scopes=sorted(scopes), good_until_ms=good_until_ms)


@router.get("/members", openapi_extra=needs(Permission.MEMBERS_READ))
async def list_members(who: Who, parts: Parts) -> shapes.Members:
    """People of your organisation."""
    found = await parts.organisations.people(who.organisation_id)
    return shapes.Members(members=[_member(member) for member in found])


@router.post("/members", status_code=201, openapi_extra=needs(Permission.MEMBERS_WRITE))
async def invite_member(wanted: shapes.NewMember, who: Who, parts: Parts) -> shapes.Member:
    """Let a person in: whoever comes by OIDC with this verified e-mail address first, is that person."""
    _no_more_than(who, PERMISSIONS[wanted.role])
    try:
        return _member(await parts.organisations.invite(who.organisation_id, wanted.email, wanted.role))
    except ConfigError as error:
        raise Problem(409, error.message) from None


@router.patch("/members/{member_id}", status_code=204, openapi_extra=needs(Permission.MEMBERS_WRITE))
async def change_member(member_id: str, wanted: shapes.ChangeMember, who: Who, parts: Parts) -> None:
    """Give a person another role."""
    _no_more_than(who, PERMISSIONS[wanted.role])
    await _changed(parts.organisations.change_role(who.organisation_id, member_id, wanted.role))


@router.delete("/members/{member_id}", status_code=204, openapi_extra=needs(Permission.MEMBERS_WRITE))
async def remove_member(member_id: str, who: Who, parts: Parts) -> None:
    """A person comes in no more, from his next request on."""
    await _changed(parts.organisations.remove(who.organisation_id, member_id))


@router.get("/audit", openapi_extra=needs(Permission.AUDIT_READ))
async def list_audit(
    who: Who,
    parts: Parts,
    before: int | None = Query(default=None, ge=1, le=shapes.INT64_MAX),
    limit: int = Query(default=100, ge=1, le=500),
) -> shapes.AuditRows:
    """Every change, tried or done, newest first; `before` is the number of the last one seen."""
    found = await parts.audit.entries(who.organisation_id, before=before, limit=limit)
    names = shapes.AuditRow.model_fields
    return shapes.AuditRows(
        entries=[
            shapes.AuditRow(**{name: value for name, value in asdict(entry).items() if name in names})
            for entry in found
        ]
    )


async def _changed(change: Any) -> None:
    try:
        if not await change:
            raise Problem(404, "no such member")
    except ConfigError as error:
        raise Problem(409, error.message, fix=error.fix) from None


def _no_more_than(who: Principal, wanted: frozenset[Permission]) -> None:
    """Nobody gives away what he has not."""
    if not wanted <= who.permissions:
        raise Problem(403, "this would allow more than you may yourself")


def _key(key: ApiKey) -> dict[str, Any]:
    values = {name: value for name, value in asdict(key).items() if name in shapes.Key.model_fields}
    return values | {"scopes": list(key.scopes), "role": str(Role(key.role))}


def _member(member: Member) -> shapes.Member:
    return shapes.Member(
        id=member.id,
        email=member.email,
        role=member.role,
        joined=bool(member.subject),
        created_at_ms=member.created_at_ms,
    )
