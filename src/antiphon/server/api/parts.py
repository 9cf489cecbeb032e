"""What the API works with, opened once per control process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from fastapi import Request

from antiphon.calls.ports import CarrierControl
from antiphon.server.access.entrance import Entrance
from antiphon.server.access.oidc import OidcIssuer
from antiphon.server.access.settings import AccessSettings, access_settings
from antiphon.server.access.shares import ShareTokens
from antiphon.server.access.tokens import BrowserTokens
from antiphon.server.api.call_shelf import CallShelf
from antiphon.server.api.happenings import Happenings
from antiphon.server.problems import Problem
from antiphon.server.settings import ServeSettings
from antiphon.storage.access import (
    AgentVersions,
    ApiKeys,
    Audit,
    Database,
    Opinions,
    Organisations,
    Outbox,
    Placements,
    SharedLinks,
    database_url,
)
from antiphon.storage.keys import Keyring, keyring
from antiphon.storage.records import CallRecords


@dataclass(slots=True, kw_only=True)
class ApiParts:
    """`controls` are carriers we have credentials for; made when first needed."""

    settings: AccessSettings
    serve: ServeSettings
    database: Database
    keyring: Keyring
    entrance: Entrance
    tokens: BrowserTokens
    shares: ShareTokens
    links: SharedLinks
    organisations: Organisations
    keys: ApiKeys
    audit: Audit
    versions: AgentVersions
    opinions: Opinions
    outbox: Outbox
    placements: Placements
    shelf: CallShelf
    records: CallRecords
    happenings: Happenings
    http: httpx.AsyncClient
    environ: Mapping[str, str] = field(repr=False)
    controls: dict[str, CarrierControl] | None = None

    async def close(self) -> None:
        for carrier in (self.controls or {}).values():
            await carrier.close()
        await self.http.aclose()
        await self.database.close()


async def open_parts(serve: ServeSettings, environ: Mapping[str, str] = os.environ) -> ApiParts:
    """Raises:
    ConfigError: A setting of the API is wrong.
    AntiphonError: The database cannot be opened.
    """
    settings = access_settings(environ, is_loopback=serve.is_loopback, public_url=serve.public_url)
    keys_at_rest = keyring(serve.home, environ)
    database = await Database.open(database_url(serve.home, environ))
    http = httpx.AsyncClient(timeout=10.0, follow_redirects=False)
    organisations, keys, tokens = Organisations(database), ApiKeys(database), BrowserTokens(keys_at_rest)
    await organisations.make_default()
    issuer = OidcIssuer(settings.oidc, http) if settings.oidc is not None else None
    return ApiParts(
        settings=settings,
        serve=serve,
        database=database,
        keyring=keys_at_rest,
        entrance=Entrance(settings, keys=keys, organisations=organisations, tokens=tokens, issuer=issuer),
        tokens=tokens,
        shares=ShareTokens(keys_at_rest),
        links=SharedLinks(database),
        organisations=organisations,
        keys=keys,
        audit=Audit(database),
        versions=AgentVersions(database),
        opinions=Opinions(database, keys_at_rest),
        outbox=Outbox(database, keys_at_rest),
        placements=Placements(database),
        shelf=CallShelf(serve.home),
        records=await CallRecords.open(database, keys_at_rest),
        happenings=Happenings(),
        http=http,
        environ=environ,
    )


def parts_of(request: Request) -> ApiParts:
    parts: ApiParts | None = request.app.state.control.api
    if parts is None:
        raise Problem(503, "the API is not open on this process")
    return parts
