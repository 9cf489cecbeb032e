"""Who asks, once it has been proved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from antiphon.server.access.roles import Permission

Kind = Literal["local", "key", "person", "token"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Attributes:
    subject: For the audit: "key:ID", "person:EMAIL OR SUBJECT", "token:ID of KEY", "local".
    key_id: The API key it came by, itself or through a token; "" for people.
    agent: A token for one agent only; "" for any of the organisation's.
    good_until_ms: When what was shown is over, since 1970; None for never.
    """

    kind: Kind
    subject: str
    organisation_id: str
    permissions: frozenset[Permission]
    key_id: str = ""
    agent: str = ""
    good_until_ms: int | None = None

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions
