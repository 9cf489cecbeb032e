"""Numbers of carriers."""

from __future__ import annotations

from pydantic import BaseModel, Field

from antiphon.server.api.shapes.everywhere import AgentName, In, Text


class Number(BaseModel):
    number_id: str
    number: str
    label: str
    answer_url: str


class Numbers(BaseModel):
    numbers: list[Number]


class NumberOffer(BaseModel):
    number: str
    locality: str
    monthly_usd: str | None


class NumberOffers(BaseModel):
    offers: list[NumberOffer]


class RouteNumber(In):
    """Calls to the number go to this agent."""

    agent: AgentName
    label: Text = Field(default="", max_length=60)


class BuyNumber(RouteNumber):
    number: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$")
