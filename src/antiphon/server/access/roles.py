"""What each role may do. The table is the rule; `docs/api.md` shows it and a test compares the two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from antiphon.errors import ConfigError


class Permission(StrEnum):
    """Also the scopes of keys and tokens."""

    AGENTS_READ = "agents:read"
    AGENTS_WRITE = "agents:write"
    AGENTS_PUBLISH = "agents:publish"
    CALLS_READ = "calls:read"
    CALLS_CONTROL = "calls:control"
    CALLS_LISTEN = "calls:listen"
    CALLS_PLACE = "calls:place"
    CALLS_SHARE = "calls:share"
    RECORDINGS_READ = "recordings:read"
    TRACES_READ = "traces:read"
    COSTS_READ = "costs:read"
    NUMBERS_READ = "numbers:read"
    NUMBERS_WRITE = "numbers:write"
    FEEDBACK_WRITE = "feedback:write"
    EVENTS_READ = "events:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    TOKENS_CREATE = "tokens:create"
    TALK = "talk"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    ORGANISATIONS_READ = "organisations:read"
    ORGANISATIONS_WRITE = "organisations:write"
    AUDIT_READ = "audit:read"
    PEOPLE_EXPORT = "people:export"
    PEOPLE_ERASE = "people:erase"


class Role(StrEnum):
    OWNER = "owner"
    BUILDER = "builder"
    OPERATOR = "operator"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"


P = Permission
# Everybody may look at what he works with; only the owner decides who comes in.
_LOOK: Final = frozenset({P.AGENTS_READ, P.CALLS_READ, P.COSTS_READ})
PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.OWNER: frozenset(P),
    Role.BUILDER: _LOOK
    | {
        P.AGENTS_WRITE, P.AGENTS_PUBLISH, P.RECORDINGS_READ, P.TRACES_READ, P.NUMBERS_READ, P.NUMBERS_WRITE,
        P.FEEDBACK_WRITE, P.EVENTS_READ, P.WEBHOOKS_READ, P.WEBHOOKS_WRITE, P.TOKENS_CREATE, P.TALK,
        P.CALLS_SHARE,
    },
    Role.OPERATOR: _LOOK
    | {
        P.CALLS_CONTROL, P.CALLS_LISTEN, P.CALLS_PLACE, P.RECORDINGS_READ, P.NUMBERS_READ, P.FEEDBACK_WRITE,
        P.EVENTS_READ, P.TOKENS_CREATE, P.TALK,
    },
    Role.REVIEWER: _LOOK | {P.RECORDINGS_READ, P.TRACES_READ, P.FEEDBACK_WRITE, P.CALLS_SHARE},
    # Sees that rules were kept, and changes nothing; voices are not needed for that.
    Role.AUDITOR: _LOOK
    | {P.TRACES_READ, P.NUMBERS_READ, P.WEBHOOKS_READ, P.KEYS_READ, P.MEMBERS_READ, P.AUDIT_READ,
        P.ORGANISATIONS_READ},
}  # fmt: skip


def role_named(name: str) -> Role:
    """Raises ConfigError: There is no such role."""
    try:
        return Role(name)
    except ValueError:
        raise ConfigError("is no role", where="role", fix=f"one of: {', '.join(Role)}") from None


def scopes_named(names: Iterable[str]) -> frozenset[Permission]:
    """Raises ConfigError: One of them is no scope."""
    try:
        return frozenset(Permission(name) for name in names)
    except ValueError:
        raise ConfigError(
            "one is no scope", where="scopes", fix=f"some of: {', '.join(Permission)}"
        ) from None


def allowed(role: Role, scopes: Iterable[Permission]) -> frozenset[Permission]:
    """What is left of a role's permissions under scopes; without scopes, all of them."""
    narrowed = frozenset(scopes)
    return PERMISSIONS[role] & narrowed if narrowed else PERMISSIONS[role]
