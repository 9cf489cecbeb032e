"""The identity provider's page, which signs whoever comes to it in at once."""

from __future__ import annotations

from typing import Any

from tests.doubles.oidc_issuer import ISSUER, Issuer


async def at_identity_provider(pages: Any, issuer: Issuer) -> None:
    """`pages`: One page, or a context with all of its windows."""

    async def signs_in(route: Any) -> None:
        await route.fulfill(status=302, headers={"location": issuer.sends_back(route.request.url)})

    await pages.route(f"{ISSUER}/authorize**", signs_in)
