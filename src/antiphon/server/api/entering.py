"""`/v1/entrance`: how a person who has shown nothing yet may sign in. Nothing in it is secret."""

from __future__ import annotations

from fastapi import APIRouter

from antiphon.server.api import views
from antiphon.server.api.gate import Parts

open_router = APIRouter(tags=["access"])


# Whoever asks has nothing to show yet.
@open_router.get("/entrance", openapi_extra={"security": []})
async def how_to_sign_in(parts: Parts) -> views.WayIn:
    """The page of the identity provider, and who we are there; both "" where keys are the only way."""
    page, client_id = await parts.entrance.sign_in_page()
    return views.WayIn(sign_in_page=page, client_id=client_id if page else "")
