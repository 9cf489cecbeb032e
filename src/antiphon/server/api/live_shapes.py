"""What goes in and comes out where live calls are steered."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from antiphon.server.api.shapes import In, Text


class PressedKeys(In):
    """Keys for the caller's line, as tones; w waits half a second."""

    digits: str = Field(pattern=r"^[0-9*#A-Dw]{1,40}$")


class TakeOver(In):
    """The session description of the operator's page, its ICE candidates inside."""

    sdp: Text = Field(min_length=1, max_length=100_000)


class TakenOver(BaseModel):
    line_id: str
    sdp: str
    type: Literal["answer"]
