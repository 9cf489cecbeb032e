"""Keys, tokens, members and the audit."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from antiphon.server.access.roles import Permission, Role
from antiphon.server.access.tokens import TOKEN_MAX_S
from antiphon.server.api.shapes.everywhere import AGENT_PATTERN, AtMs, In, Text


class NewKey(In):
    """`scopes` narrow the role; none means all that the role may."""

    name: Text = Field(min_length=1, max_length=200)
    role: Role
    scopes: list[Permission] = Field(default=[], max_length=len(Permission))
    expires_at_ms: AtMs | None = None


class Key(BaseModel):
    id: str
    name: str
    role: str
    scopes: list[str]
    created_by: str
    created_at_ms: int
    expires_at_ms: int | None
    revoked_at_ms: int | None
    used_at_ms: int | None


class KeyMade(Key):
    """`key` is shown this once."""

    key: str


class Keys(BaseModel):
    keys: list[Key]


class NewToken(In):
    """For a page in a browser. It can do no more than whoever asks for it."""

    scopes: list[Permission] = Field(default=[Permission.TALK], min_length=1, max_length=len(Permission))
    life_s: int = Field(default=900, ge=1, le=TOKEN_MAX_S)
    agent: str = Field(default="", pattern=r"^$|" + AGENT_PATTERN, description='"" for every agent')


class Token(BaseModel):
    token: str
    scopes: list[Permission]
    good_until_ms: int


class NewMember(In):
    email: Text = Field(pattern=r"^[^@\s]{1,64}@[^@\s]{1,255}$")
    role: Role


class ChangeMember(In):
    role: Role


class Member(BaseModel):
    """`joined`: the invited person has come in."""

    id: str
    email: str
    role: str
    joined: bool
    created_at_ms: int


class Members(BaseModel):
    members: list[Member]


class Myself(BaseModel):
    kind: Literal["local", "key", "person", "token"]
    subject: str
    organisation: str
    organisation_name: str
    permissions: list[Permission]
    good_until_ms: int | None


class AuditRow(BaseModel):
    """`outcome`: "started" and nothing after it (we were stopped half-way), "denied", or the HTTP status."""

    number: int
    at_ms: int
    actor: str
    action: str
    target: dict[str, str]
    outcome: str
    address: str


class AuditRows(BaseModel):
    entries: list[AuditRow]
