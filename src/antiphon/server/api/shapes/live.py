"""Calls that are up, and calls that are placed."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from antiphon.server.api.shapes.everywhere import AgentName, In, Text


class AttentionReason(BaseModel):
    """`kind`: silence, asked_again, misunderstood, failures, anger, stuck, cost, waiting. `weight`: what it
    adds by itself, in points of 100."""

    kind: str
    words: str
    weight: int


class LiveCall(BaseModel):
    """`attention`: 0 to 100, how much the call needs a person. `phase`: idle, screening, listening,
    thinking, speaking, holding, away (a person speaks with the caller), or "waiting" in a queue."""

    model_config = ConfigDict(extra="allow")

    call_id: str
    agent: str
    line: str
    started_at_ms: int | None = None
    duration_ms: int | None = None
    caller: str = ""
    phase: str = ""
    turns: int = 0
    cost_usd: float = 0.0
    attention: int = 0
    reasons: list[AttentionReason] = []


class LiveCalls(BaseModel):
    calls: list[LiveCall]


class Transfer(In):
    """`target`: a number, SIP address or name of the agent's own list; "" for its usual one."""

    target: Text = Field(default="", max_length=200)


class Transferred(BaseModel):
    target: str


class Whisper(In):
    """Words for the agent; the caller does not hear them."""

    words: Text = Field(min_length=1, max_length=1000)


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


class PlaceCall(In):
    """`to`: E.164 or a SIP address. `carrier`: whose interface, or "sip"; "" where there is only one way.
    `caller_id`: a number of yours; through SIP the trunk may have its own."""

    agent: AgentName
    to: Text = Field(min_length=1, max_length=200)
    carrier: str = Field(default="", pattern=r"^[a-z]{0,20}$")
    caller_id: str = Field(default="", pattern=r"^(\+[1-9][0-9]{6,14})?$")
    ring_s: int = Field(default=30, ge=5, le=120)


class JoinRoom(In):
    """`room`: of the LiveKit server that is set up here; it is made where there is none of this name."""

    agent: AgentName
    room: Text = Field(min_length=1, max_length=200)


class Placed(BaseModel):
    """`state`: placed, ringing, answered, ended (`how`: completed, busy, no_answer, failed, cancelled),
    failed (nobody was rung), asked (we cannot know: look before you try again). `basis`: the rule that
    allowed it. Carriers call a voicemail completed too, so once the conversation is over `answered_by` says
    what answered, where the agent listens first (human, machine, fax, ivr, silence, unknown), and `end_cause`
    how it ended, as of any call (message_left: a voicemail has the whole message). `call_id`: its record."""

    key: str
    state: Literal["placed", "ringing", "answered", "ended", "failed", "asked"]
    how: str = ""
    agent: str = ""
    carrier: str = ""
    basis: str = ""
    carrier_call_id: str = ""
    answered_by: str = ""
    end_cause: str = ""
    call_id: str = ""
