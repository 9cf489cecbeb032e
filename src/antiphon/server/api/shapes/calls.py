"""Calls on record, their costs, and what is thought of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from antiphon.server.api.shapes.everywhere import AtMs, In, Text


class CallQuery(In):
    """`after` is from the page before. Times in ms since 1970: `from_ms` included, `to_ms` not."""

    agent: Text = Field(default="", max_length=64)
    line: Text = Field(default="", max_length=40)
    direction: Text = Field(default="", max_length=40)
    state: Text = Field(default="", max_length=40)
    outcome: Text = Field(default="", max_length=40)
    end_cause: Text = Field(default="", max_length=60)
    number: Text = Field(default="", max_length=40, description="E.164, of the caller or the called")
    from_ms: AtMs | None = None
    to_ms: AtMs | None = None
    slower_than_ms: int | None = Field(default=None, ge=0, le=2**31 - 1)
    duration_from_ms: AtMs | None = None
    duration_to_ms: AtMs | None = None
    flagged: bool = Field(default=False, description="Somebody gave it the label `flagged`")
    sign: Text = Field(default="", max_length=40, description="With this sign of trouble")
    rated_at_most: int | None = Field(default=None, ge=1, le=5, description="In the call, or later")
    words: Text = Field(
        default="", max_length=200, description='All said, by either side; "as a phrase"; -word not'
    )
    after: str = Field(default="", pattern=r"^[0-7]?[0-9a-f]{0,15}$")
    limit: int = Field(default=50, ge=1, le=200)


class CallRow(BaseModel):
    """`state`: live, complete, cut_short. `outcome`: contained, escalated, abandoned, failed, unfinished.
    `rating`: 1 to 5, by the caller in the call. `signs`: of trouble, as docs/records.md names them."""

    call_id: str
    agent: str
    line: str
    direction: str
    caller: str
    called: str
    state: str
    started_at_ms: int
    duration_ms: int
    end_cause: str
    outcome: str
    turns: int
    tools: int
    errors: int
    interruptions: int
    response_p50_ms: int | None
    response_p95_ms: int | None
    response_p99_ms: int | None
    cost_usd: str
    cost_complete: bool
    rating: int | None
    signs: list[str]


class Calls(BaseModel):
    """`after` begins the next page, "" at the end."""

    calls: list[CallRow]
    after: str


class CallDetail(BaseModel):
    """Everything about one call; the keys are those of `antiphon calls show --json`."""

    model_config = ConfigDict(extra="allow")

    call_id: str
    agent: str
    line: str
    started_at_ms: int
    duration_ms: int | None
    outcome: Any
    turns: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    interruptions: list[dict[str, Any]]
    cost: dict[str, Any]
    complete: bool


class WhatIf(In):
    """Settings of another policy, e.g. "turn.stop_silence_min_ms=300"; none replays exactly."""

    set: list[Annotated[Text, Field(max_length=200)]] = Field(default=[], max_length=50)


class Report(BaseModel):
    """As `antiphon replay --json` gives it."""

    model_config = ConfigDict(extra="allow")


class CostRow(BaseModel):
    """Sums are decimal text, because they are money. `unpriced`: requests without a known price."""

    name: str
    calls: int
    minutes: float
    total_usd: str
    wasted_usd: str
    unpriced: int


class Costs(BaseModel):
    """`complete` false: there are more calls than one answer counts; narrow the time."""

    rows: list[CostRow]
    calls: int
    complete: bool


class NewOpinion(In):
    source: Literal["caller", "reviewer", "implicit"] = "reviewer"
    rating: int | None = Field(default=None, ge=1, le=5)
    labels: list[Annotated[Text, Field(min_length=1, max_length=60)]] = Field(default=[], max_length=20)
    comment: Text = Field(default="", max_length=4000)


class Opinion(BaseModel):
    id: str
    call_id: str
    source: str
    rating: int | None
    labels: list[str]
    comment: str
    given_by: str
    at_ms: int


class Opinions(BaseModel):
    feedback: list[Opinion]
