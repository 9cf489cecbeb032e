"""What goes in and comes out where agents are looked into, tried and compared."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from antiphon.server.api.shapes import AgentText, In, Judgement


class PersonaShown(BaseModel):
    name: str = ""
    role: str = ""
    style: str = ""


class ToolShown(BaseModel):
    """`parameters` is a JSON schema. `used`: the agent may use it (`reasoning.tools`)."""

    name: str
    description: str
    parameters: dict[str, Any]
    changes_the_world: bool
    used: bool


class FlowNodeShown(BaseModel):
    """`kind`: open, goal, ask, run, offer, confirm, do, say, fact, person or end."""

    id: str
    kind: str
    label: str
    detail: str
    group: str
    effect: bool


class FlowEdgeShown(BaseModel):
    """`kind`: next, skip (the step between is passed over), again, trouble or amend."""

    start: str
    end: str
    kind: str
    label: str


class FlowShown(BaseModel):
    name: str
    nodes: list[FlowNodeShown]
    edges: list[FlowEdgeShown]


class Inspection(Judgement):
    """What a file that can be read is made of. `graph` is of its flow, if it has one."""

    persona: PersonaShown = PersonaShown()
    greeting: str = ""
    language: str = ""
    models: list[str] = Field(default_factory=list)
    voices: list[str] = Field(default_factory=list)
    recognisers: list[str] = Field(default_factory=list)
    tools: list[ToolShown] = Field(default_factory=list)
    graph: FlowShown | None = None


class ToolTest(In):
    arguments: dict[str, Any] = Field(default_factory=dict)


class ToolTested(BaseModel):
    """`ran` is false of a tool that changes the world: only its arguments were checked."""

    ran: bool
    ok: bool
    error: str
    value: Any
    took_ms: int


class Tryout(BaseModel):
    """`agent`: the name to call, on the talk page."""

    agent: str
    good_until_ms: int


class CompareText(AgentText):
    """`version`: with which one; 0 for what is live."""

    version: int = Field(default=0, ge=0, le=2**31 - 1)
