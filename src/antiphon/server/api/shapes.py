"""What goes in and comes out, as the OpenAPI document tells it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from antiphon.server.access.roles import Permission, Role
from antiphon.server.access.tokens import TOKEN_MAX_S

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


# Agents


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


# Calls


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
    words: Text = Field(
        default="", max_length=200, description='All said, by either side; "as a phrase"; -word not'
    )
    after: str = Field(default="", pattern=r"^[0-7]?[0-9a-f]{0,15}$")
    limit: int = Field(default=50, ge=1, le=200)


class CallRow(BaseModel):
    """`state`: live, complete, cut_short. `outcome`: contained, escalated, abandoned, failed, unfinished."""

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


class PlaceCall(In):
    agent: AgentName
    to: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="E.164")
    caller_id: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$", description="One of your numbers")
    carrier: str = Field(default="twilio", pattern=r"^[a-z]{1,20}$")


class Placed(BaseModel):
    """`state`: placed; failed (nobody was rung); asked (we cannot know: look before you try again)."""

    state: Literal["placed", "failed", "asked"]
    carrier_call_id: str


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


# Numbers


class Number(BaseModel):
    number_id: str
    number: str
    label: str
    answer_url: str


class Numbers(BaseModel):
    numbers: list[Number]


class NumberOffer(BaseModel):
    number: str
    locality: str
    monthly_usd: str | None


class NumberOffers(BaseModel):
    offers: list[NumberOffer]


class RouteNumber(In):
    """Calls to the number go to this agent."""

    agent: AgentName
    label: Text = Field(default="", max_length=60)


class BuyNumber(RouteNumber):
    number: str = Field(pattern=r"^\+[1-9][0-9]{6,14}$")


# Webhooks


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


# Access


class NewKey(In):
    """`scopes` narrow the role; none means all that the role may."""

    name: Text = Field(min_length=1, max_length=200)
    role: Role
    scopes: list[Permission] = Field(default=[], max_length=len(Permission))
    expires_at_ms: AtMs | None = None


class Key(BaseModel):
    id: str
    name: str
    role: str
    scopes: list[str]
    created_by: str
    created_at_ms: int
    expires_at_ms: int | None
    revoked_at_ms: int | None
    used_at_ms: int | None


class KeyMade(Key):
    """`key` is shown this once."""

    key: str


class Keys(BaseModel):
    keys: list[Key]


class NewToken(In):
    """For a page in a browser. It can do no more than whoever asks for it."""

    scopes: list[Permission] = Field(default=[Permission.TALK], min_length=1, max_length=len(Permission))
    life_s: int = Field(default=900, ge=1, le=TOKEN_MAX_S)
    agent: str = Field(default="", pattern=r"^$|" + AGENT_PATTERN, description='"" for every agent')


class Token(BaseModel):
    token: str
    scopes: list[Permission]
    good_until_ms: int


class NewMember(In):
    email: Text = Field(pattern=r"^[^@\s]{1,64}@[^@\s]{1,255}$")
    role: Role


class ChangeMember(In):
    role: Role


class Member(BaseModel):
    """`joined`: the invited person has come in."""

    id: str
    email: str
    role: str
    joined: bool
    created_at_ms: int


class Members(BaseModel):
    members: list[Member]


class Myself(BaseModel):
    kind: Literal["local", "key", "person", "token"]
    subject: str
    organisation: str
    organisation_name: str
    permissions: list[Permission]
    good_until_ms: int | None


class AuditRow(BaseModel):
    """`outcome`: "started" and nothing after it (we were stopped half-way), "denied", or the HTTP status."""

    number: int
    at_ms: int
    actor: str
    action: str
    target: dict[str, str]
    outcome: str
    address: str


class AuditRows(BaseModel):
    entries: list[AuditRow]
