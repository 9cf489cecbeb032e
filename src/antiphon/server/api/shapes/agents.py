"""Agents, their versions and what is in their files."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from antiphon.server.api.shapes.everywhere import In, Text


class AgentText(In):
    """An agent file (YAML)."""

    text: Text = Field(min_length=1, max_length=200_000)


class NewVersion(AgentText):
    note: Text = Field(default="", max_length=500)


class FileFault(BaseModel):
    """`weight`: error (cannot be published), here (something is missing on this machine), advice."""

    line: int
    field: str
    message: str
    fix: str
    weight: Literal["error", "here", "advice"]


class Judgement(BaseModel):
    ok: bool
    agent: str
    faults: list[FileFault]


class Agent(BaseModel):
    """`served`: calls to it are answered now. `published`: the version that is live."""

    name: str
    title: str
    role: str
    language: str
    served: bool
    published: int | None


class Agents(BaseModel):
    agents: list[Agent]


class VersionHead(BaseModel):
    version: int
    note: str
    created_by: str
    created_at_ms: int
    published_at_ms: int | None


class Version(VersionHead):
    agent: str
    text: str


class AgentDetail(Agent):
    """`text`: the file that is live, "" while there is none."""

    text: str
    versions: list[VersionHead]


class Difference(BaseModel):
    """A unified diff, from `before` to `after`."""

    before: int
    after: int
    diff: str


class Publication(BaseModel):
    agent: str
    version: int


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
    models: list[str] = []
    voices: list[str] = []
    recognisers: list[str] = []
    tools: list[ToolShown] = []
    graph: FlowShown | None = None


class ToolTest(In):
    arguments: dict[str, Any] = Field(default={})


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
