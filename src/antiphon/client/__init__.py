"""A thin, typed client of the API. Needs httpx only, and nothing of the rest of this package."""

from __future__ import annotations

from antiphon.client.client import ApiError, AsyncClient, Call, Calls, Client
from antiphon.client.signatures import SignatureWrong, verify_webhook

__all__ = ["ApiError", "AsyncClient", "Call", "Calls", "Client", "SignatureWrong", "verify_webhook"]
