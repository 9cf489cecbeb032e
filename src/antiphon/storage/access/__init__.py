"""Organisations and their people, API keys, the audit, versions of agents, feedback, webhooks: on SQLite or
PostgreSQL, by the same code. Whoever asks names the organisation; nobody is shown another's."""

from __future__ import annotations

from antiphon.storage.access.api_keys import KEY_PREFIX, ApiKey, ApiKeys, new_key
from antiphon.storage.access.audit import Audit, AuditEntry, Deed
from antiphon.storage.access.database import Database, database_url, now_ms
from antiphon.storage.access.opinions import Opinion, Opinions
from antiphon.storage.access.organisations import (
    DEFAULT_ORGANISATION,
    Member,
    Organisation,
    Organisations,
)
from antiphon.storage.access.outbox import DELIVERED, GIVEN_UP, PENDING, Delivery, Outbox, Webhook
from antiphon.storage.access.placements import Placements
from antiphon.storage.access.shared_links import SharedLinkEntry, SharedLinks
from antiphon.storage.access.versions import AgentVersion, AgentVersions

__all__ = [
    "DEFAULT_ORGANISATION",
    "DELIVERED",
    "GIVEN_UP",
    "KEY_PREFIX",
    "PENDING",
    "AgentVersion",
    "AgentVersions",
    "ApiKey",
    "ApiKeys",
    "Audit",
    "AuditEntry",
    "Database",
    "Deed",
    "Delivery",
    "Member",
    "Opinion",
    "Opinions",
    "Organisation",
    "Organisations",
    "Outbox",
    "Placements",
    "SharedLinkEntry",
    "SharedLinks",
    "Webhook",
    "database_url",
    "new_key",
    "now_ms",
]
