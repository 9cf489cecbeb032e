"""`/v1/organisations`: who lives in this installation. Its operators, the default organisation's owners, make
others and see all; every other organisation knows of itself only."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from fastapi import APIRouter

from antiphon.server.access.principal import Principal
from antiphon.server.access.roles import PERMISSIONS, Permission, Role
from antiphon.server.api import shapes
from antiphon.server.api.gate import GatedRoute, Parts, Who, needs
from antiphon.server.api.parts import ApiParts
from antiphon.server.problems import Problem
from antiphon.storage.access import DEFAULT_ORGANISATION, Deed, new_key

router = APIRouter(prefix="/organisations", route_class=GatedRoute, tags=["organisations"])

# Nobody by name: the default organisation's people and keys are not another's business.
_OPERATORS: Final = "the installation's operators"


@router.get("", openapi_extra=needs(Permission.ORGANISATIONS_READ))
async def list_organisations(who: Who, parts: Parts) -> shapes.Organisations:
    """All of them for the default organisation, your own for any other."""
    found = [one for one in await parts.organisations.every() if _may_see(who, one.id)]
    return shapes.Organisations(organisations=[shapes.Organisation(**asdict(one)) for one in found])


@router.post("", status_code=201, openapi_extra=needs(Permission.ORGANISATIONS_WRITE))
async def create_organisation(
    wanted: shapes.OrganisationNamed, who: Who, parts: Parts
) -> shapes.OrganisationMade:
    """Make an organisation and its owner's first key, which is shown this once. Only the default organisation
    can, and of it only who may all that an owner may: whoever made the key can use it."""
    if who.organisation_id != DEFAULT_ORGANISATION:
        raise Problem(403, "only the default organisation makes others")
    _only_full_owners(who)
    made = await parts.organisations.create(wanted.name)
    key = new_key(made.id, "first", Role.OWNER, _OPERATORS)
    shown = await parts.keys.create(key)
    await _tell(parts, made.id, "create_key", "201", key_id=key.id)
    return shapes.OrganisationMade(**asdict(made), key_id=key.id, key=shown)


@router.patch("/{organisation_id}", status_code=204, openapi_extra=needs(Permission.ORGANISATIONS_WRITE))
async def rename_organisation(
    organisation_id: shapes.OrganisationId, wanted: shapes.OrganisationNamed, who: Who, parts: Parts
) -> None:
    """Give it another name, while it is open. Its id stays."""
    if not _may_see(who, organisation_id):
        raise Problem(404, "no such organisation")
    if not await parts.organisations.rename(organisation_id, wanted.name):
        raise Problem(404, "no such organisation")
    if organisation_id != who.organisation_id:
        await _tell(parts, organisation_id, "rename_organisation", "204", organisation_id=organisation_id)


@router.delete("/{organisation_id}", status_code=204, openapi_extra=needs(Permission.ORGANISATIONS_WRITE))
async def close_organisation(organisation_id: shapes.OrganisationId, who: Who, parts: Parts) -> None:
    """Close it for good: its people, keys and tokens open nothing any more, links to its calls neither, and
    its webhooks are told nothing. Its calls stay for as long as they are kept. Only the default organisation
    closes others, and nobody closes that."""
    if not _may_see(who, organisation_id):
        raise Problem(404, "no such organisation")
    if who.organisation_id != DEFAULT_ORGANISATION:
        raise Problem(403, "only the default organisation closes others")
    _only_full_owners(who)
    if organisation_id == DEFAULT_ORGANISATION:
        raise Problem(409, "the default organisation stays")
    if not await parts.organisations.close(organisation_id):
        raise Problem(404, "no such organisation, or it is closed already")
    await _tell(parts, organisation_id, "close_organisation", "204", organisation_id=organisation_id)


def _only_full_owners(who: Principal) -> None:
    if not PERMISSIONS[Role.OWNER] <= who.permissions:
        raise Problem(403, "this would allow more than you may yourself")


def _may_see(who: Principal, organisation_id: str) -> bool:
    return who.organisation_id in (DEFAULT_ORGANISATION, organisation_id)


async def _tell(parts: ApiParts, organisation_id: str, action: str, outcome: str, /, **target: str) -> None:
    """What was done to an organisation from outside is in its own audit too."""
    deed = Deed(organisation_id=organisation_id, actor=_OPERATORS, action=action, target=target)
    await parts.audit.begin(deed, outcome=outcome)
