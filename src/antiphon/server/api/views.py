"""What the dashboard's pages are given, as the OpenAPI document tells it: one call from the inside, a call
that is shared, all calls together."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from antiphon.server.api.shapes import In


class WayIn(BaseModel):
    sign_in_page: str
    client_id: str


class Timeline(BaseModel):
    """`messages`: what models were told, each once; a model call's `prompt` are places in it, null where the
    trace does not say. `instructions`: what the agent's file tells them, "" where it is another by now."""

    call_id: str
    budget_ms: dict[str, list[int]]
    bounds_ms: dict[str, int]
    turns: list[dict[str, Any]]
    replies: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    model_calls: list[dict[str, Any]]
    line: list[dict[str, Any]]
    line_totals: dict[str, Any] | None
    notes: list[dict[str, Any]]
    header: dict[str, str]
    instructions: str


class Peaks(BaseModel):
    """The loudest of each stretch, 0 to 100. `since_ms`: call time of the first sample."""

    since_ms: int
    duration_ms: int
    caller: list[int]
    agent: list[int]
    retain_until: str
    consent: dict[str, Any]
    complete: bool


class Share(In):
    """How long the link is good: an hour to 30 days."""

    life_s: int = Field(default=86_400, ge=60, le=2_592_000)


class Shared(BaseModel):
    """`token` opens `/v1/shared`; on the dashboard it is `#/shared/TOKEN`. It is shown this once."""

    id: str
    token: str
    good_until_ms: int


class SharedLink(BaseModel):
    """A link to a call; its token is not kept. It opens nothing from `revoked_at_ms` on."""

    id: str
    created_by: str
    created_at_ms: int
    good_until_ms: int
    revoked_at_ms: int | None


class SharedLinks(BaseModel):
    links: list[SharedLink]


class Person(In):
    """`subject`: a phone number (E.164), or the id of a call."""

    subject: str = Field(min_length=1, max_length=320)


class Exported(BaseModel):
    calls: list[dict[str, Any]]


class Erased(BaseModel):
    """`id`: under which it is on record. How many calls, and how many files of each kind."""

    id: str
    calls: int
    traces: int
    recordings: int


class SharedTurn(BaseModel):
    speaker: str
    at_ms: int
    text: str
    interrupted: bool
    response_ms: int | None


class SharedTool(BaseModel):
    name: str
    at_ms: int
    took_ms: int
    ok: bool | None


class SharedCall(BaseModel):
    """A call without its people: words that could tell who it was are masked, numbers and sound left out."""

    agent: str
    line: str
    day: str
    duration_ms: int
    outcome: str
    turns: list[SharedTurn]
    tools: list[SharedTool]
    good_until_ms: int


class OverviewSum(BaseModel):
    """Calls of one stretch, agent or cause. Sums of money are decimal text; `costed` false: too low."""

    calls: int
    minutes: float
    contained: int
    escalated: int
    abandoned: int
    failed: int
    unfinished: int
    errors: int
    interruptions: int
    cost_usd: str
    costed: bool


class OverviewStretch(OverviewSum):
    from_ms: int
    response_p50_ms: int | None
    response_p99_ms: int | None


class OverviewAgent(OverviewSum):
    agent: str


class Ending(BaseModel):
    end_cause: str
    calls: int


class Overview(BaseModel):
    """`response_p50_ms`: the median call's median answer. `response_p99_ms`: of a hundred calls one was
    slower in the slowest hundredth of its answers. `each_ms`: the length of a stretch."""

    from_ms: int
    to_ms: int
    each_ms: int
    total: OverviewSum
    response_p50_ms: int | None
    response_p99_ms: int | None
    cost_per_minute_usd: str | None
    cost_per_resolved_usd: str | None
    stretches: list[OverviewStretch]
    agents: list[OverviewAgent]
    endings: list[Ending]
