"""Which agent answers what, and when."""

from __future__ import annotations

from pydantic import BaseModel, Field

from antiphon.server.api.shapes.agents import FileFault
from antiphon.server.api.shapes.everywhere import AtMs, In, Text


class RouteAnswer(BaseModel):
    """Exactly one of them, or none where a rule shares callers out among agents."""

    agent: str
    forward: str
    busy: bool
    refuse: str


class RouteRule(BaseModel):
    """`agents`: percentages of callers. `always`: it has no `when:`; else `when` is what must hold, by name:
    `open`, `closed` and `holiday` (names of the file's own), `callers`, `countries`, `languages`."""

    name: str
    always: bool
    when: dict[str, list[str]]
    agents: dict[str, float]
    answer: RouteAnswer


class Route(BaseModel):
    """`limit`: calls at once, 0 for none."""

    name: str
    to: list[str]
    limit: int
    rules: list[RouteRule]


class Routes(BaseModel):
    """`in_force`: false where agents are called by their names only. `text`: the file as the server read it
    when it started. `changed`: the file says something else by now, which a restart takes; `file_text` is
    that, "" where it cannot be read, and `file_sha256` names it for whoever writes another."""

    in_force: bool
    changed: bool
    text: str
    file_text: str
    file_sha256: str
    time_zone: str
    calls_max: int
    routes: list[Route]


class RoutesText(In):
    """A routes file (YAML)."""

    text: Text = Field(min_length=1, max_length=200_000)


class RoutesPut(RoutesText):
    """`instead_of`: the `file_sha256` of what it replaces, so that nobody overwrites what another has written
    meanwhile."""

    instead_of: str = Field(pattern=r"^[0-9a-f]{64}$")


class RoutesJudgement(BaseModel):
    ok: bool
    faults: list[FileFault]


class ImaginedCall(In):
    """`called`: a number, sip:USER or an agent's name. `caller`: "" for one who shows no number. `at_ms`: now
    unless given. `language`: as browsers tell it, es-MX."""

    called: Text = Field(min_length=1, max_length=200)
    caller: str = Field(default="", pattern=r"^$|^\+[1-9][0-9]{0,14}$")
    at_ms: AtMs | None = None
    language: str = Field(default="", pattern=r"^[A-Za-z0-9-]{0,35}$")


class RouteExplained(BaseModel):
    """`at`: ISO 8601, by the clock of the file's time zone. `why`: one line for every rule looked at."""

    called: str
    at: str
    route: str
    rule: str
    why: list[str]
    answer: RouteAnswer
