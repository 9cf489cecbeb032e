"""Values of every room, and what is refused in all of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

AGENT_PATTERN = r"^[a-z][a-z0-9_-]{0,63}$"
INT64_MAX = 2**63 - 1
AT_MS_MAX = 2**42  # The year 2109.


def _storable(text: str) -> str:
    """PostgreSQL keeps no NUL, and no text with half a surrogate pair can be written anywhere."""
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("holds a character that cannot be kept")
    return text


Text = Annotated[str, AfterValidator(_storable)]
AgentName = Annotated[str, Field(pattern=AGENT_PATTERN)]
CallId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
AtMs = Annotated[int, Field(ge=0, le=AT_MS_MAX)]
EventType = Literal["*", "call.started", "call.ended", "agent.published", "feedback.given"]


class In(BaseModel):
    """Keys nobody knows are refused: a misspelt one must not go unnoticed."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """RFC 9457. `fix` says how to put it right, where we know."""

    type: str
    title: str
    status: int
    detail: str
    fix: str = ""
