"""Organisations."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from antiphon.server.api.shapes.everywhere import In, Text

OrganisationId = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]


class OrganisationNamed(In):
    name: Text = Field(min_length=1, max_length=200, pattern=r"\S")


class Organisation(BaseModel):
    id: str
    name: str
    created_at_ms: int
    closed_at_ms: int | None


class OrganisationMade(Organisation):
    """`key`: its first, an owner's; shown this once."""

    key_id: str
    key: str


class Organisations(BaseModel):
    organisations: list[Organisation]
