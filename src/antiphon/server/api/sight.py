"""Which agents, and so which calls, somebody may see."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.server.access.principal import Principal
from antiphon.server.api.call_shelf import owner
from antiphon.server.api.parts import ApiParts


async def sight_of(who: Principal, parts: ApiParts) -> Callable[[str], bool]:
    """His organisation's agents; of a token for one agent, that one."""
    owners = await parts.organisations.owners()

    def may_see(agent: str) -> bool:
        return owner(owners, agent) == who.organisation_id and who.agent in ("", agent)

    return may_see
