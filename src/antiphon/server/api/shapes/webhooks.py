"""Webhooks and what was delivered."""

from __future__ import annotations

from pydantic import BaseModel, Field

from antiphon.server.api.shapes.everywhere import EventType, In


class NewWebhook(In):
    url: str = Field(min_length=8, max_length=2000)
    events: list[EventType] = Field(default=["*"], min_length=1, max_length=20)


class Webhook(BaseModel):
    id: str
    url: str
    events: list[str]
    enabled: bool
    created_at_ms: int


class WebhookMade(Webhook):
    """`secret` is shown this once."""

    secret: str


class Webhooks(BaseModel):
    webhooks: list[Webhook]


class Delivery(BaseModel):
    id: str
    event_id: str
    event_type: str
    state: str
    attempts: int
    due_at_ms: int
    last_answer: str
    created_at_ms: int


class Deliveries(BaseModel):
    deliveries: list[Delivery]
