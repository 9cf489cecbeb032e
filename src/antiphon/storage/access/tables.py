"""Who may come in, what they changed, whom we tell: tables. Times are milliseconds since 1970, UTC."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

_Id = String(64)
_Name = String(200)
# SQLite counts only a plain INTEGER primary key by itself.
_Serial = BigInteger().with_variant(Integer, "sqlite")

organisations = Table(
    "organisations",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", _Name, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("closed_at_ms", BigInteger),
)

# A person is known by issuer and subject; an invitation by e-mail waits with an empty subject.
members = Table(
    "members",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("organisation_id", _Id, nullable=False),
    Column("email", String(320), nullable=False),
    Column("issuer", String(500), nullable=False, default=""),
    Column("subject", String(255), nullable=False, default=""),
    Column("role", String(20), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    UniqueConstraint("organisation_id", "email", name="members_once_an_organisation"),
    Index("members_by_subject", "issuer", "subject"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("organisation_id", _Id, nullable=False),
    Column("name", _Name, nullable=False),
    Column("role", String(20), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("secret_sha256", String(64), nullable=False),
    Column("created_by", _Name, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger),
    Column("revoked_at_ms", BigInteger),
    Column("used_at_ms", BigInteger),
    Index("api_keys_of_organisation", "organisation_id", "created_at_ms"),
)

agent_owners = Table(
    "agent_owners",
    metadata,
    Column("agent", _Name, primary_key=True),
    Column("organisation_id", _Id, nullable=False),
)

agent_versions = Table(
    "agent_versions",
    metadata,
    Column("agent", _Name, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("organisation_id", _Id, nullable=False),
    Column("text", Text, nullable=False),
    Column("note", String(500), nullable=False),
    Column("created_by", _Name, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("published_at_ms", BigInteger),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("organisation_id", _Id, nullable=False),
    Column("call_id", String(100), nullable=False),
    Column("source", String(20), nullable=False),
    Column("rating", Integer),
    Column("labels", JSON, nullable=False),
    Column("comment", Text, nullable=False),  # "" where it is sealed.
    Column("given_by", _Name, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("comment_key", String(64), nullable=False, server_default=""),
    Column("comment_sealed", LargeBinary),
    Index("feedback_of_call", "organisation_id", "call_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("number", _Serial, primary_key=True, autoincrement=True),
    Column("organisation_id", _Id, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", _Name, nullable=False),
    Column("action", String(100), nullable=False),
    Column("target", JSON, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("address", String(64), nullable=False),
    Index("audit_of_organisation", "organisation_id", "number"),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("organisation_id", _Id, nullable=False),
    Column("url", String(2000), nullable=False),
    Column("events", JSON, nullable=False),
    Column("secret_key", String(64), nullable=False),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Index("webhooks_of_organisation", "organisation_id"),
)

deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("webhook_id", _Id, nullable=False),
    Column("organisation_id", _Id, nullable=False),
    Column("event_id", String(200), nullable=False),
    Column("event_type", String(60), nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at_ms", BigInteger, nullable=False),
    Column("last_answer", String(200), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    UniqueConstraint("webhook_id", "event_id", name="an_event_once_a_webhook"),
    Index("deliveries_due", "state", "due_at_ms"),
)

# Without the call they lead to nothing: they go with it.
shared_links = Table(
    "shared_links",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("organisation_id", _Id, nullable=False),
    Column("call_id", String(100), nullable=False),
    Column("created_by", _Name, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("good_until_ms", BigInteger, nullable=False),
    Column("revoked_at_ms", BigInteger),
    Index("shared_links_of_call", "organisation_id", "call_id"),
)

placed_calls = Table(
    "placed_calls",
    metadata,
    Column("organisation_id", _Id, primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("request_sha256", String(64), nullable=False),
    Column("state", String(20), nullable=False),
    Column("carrier_call_id", String(100), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
