"""`antiphon calls`, `transfer`, `numbers` and `route` as they are typed, against the API on a port: what a
key may do is done, and what is refused is told in words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from tests.doubles.api_world import CALL, LIVE, OUTSIDE, ApiWorld, api_world
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.served_api import on_a_port
from tests.doubles.transfer_carriers import TRANSFER_CARRIERS

from antiphon.calls.placing import CallPlacer
from antiphon.cli import main
from antiphon.errors import CallFailed, ConfigError
from antiphon.server.access.roles import Role
from antiphon.server.ways_in import line_methods
from antiphon.trust.dialling import dial_rules

ENVIRON = OUTSIDE | {"ANTIPHON_DIAL_ALLOWED": "US"}
Typed = Callable[..., Awaitable[tuple[int, str]]]
PUBLIC = "https://voice.example.com"
NUMBER = "+14155550100"
ROUTES = """
time_zone: America/New_York
routes:
  clinic:
    to: ["+12125550100"]
    rules: [{agent: clinic}]
"""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ApiWorld]:
    async with api_world(tmp_path, ENVIRON, public_url=PUBLIC) as made:
        made.media.up.append({"call_id": LIVE, "agent": "clinic", "line": "phone"})
        yield made


@pytest.fixture
async def typed(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Typed]:
    """Runs a command with an operator's key; its exit code, and what was printed."""
    monkeypatch.setenv("ANTIPHON_API_KEY", await world.key(Role.OPERATOR))
    monkeypatch.setenv("ANTIPHON_HOME", str(world.home))
    async with on_a_port(world) as host:

        async def run(*words: str, asks: bool = True) -> tuple[int, str]:
            where = ["--server", f"http://{host}"] if asks else []
            line = [words[0], *where, *words[1:]] if words[0] == "numbers" else [*words, *where]
            code = await asyncio.to_thread(main, line)
            said = capsys.readouterr()
            return code, said.out + said.err

        yield run


async def test_every_act_on_a_call_reaches_it(world: ApiWorld, typed: Typed) -> None:
    code, said = await typed("calls", "active")
    assert (code, said.split()) == (0, [LIVE, "phone", "clinic"])
    for words, asked in (
        (["calls", "hold", LIVE], ("operate", LIVE, "hold", "")),
        (["calls", "resume", LIVE], ("operate", LIVE, "resume", "")),
        (["calls", "mute", LIVE], ("operate", LIVE, "mute", "")),
        (["calls", "unmute", LIVE], ("operate", LIVE, "unmute", "")),
        (["calls", "dtmf", LIVE, "1w2#"], ("operate", LIVE, "dtmf", "1w2#")),
        (["calls", "record", LIVE, "pause"], ("operate", LIVE, "record_pause", "")),
        (["calls", "record", LIVE, "resume"], ("operate", LIVE, "record_resume", "")),
        (["calls", "record", LIVE, "stop"], ("operate", LIVE, "record_stop", "")),
        (["transfer", LIVE], ("pass_on", LIVE, "")),
        (["transfer", LIVE, "billing"], ("pass_on", LIVE, "billing")),
        (["calls", "hangup", LIVE], ("end", LIVE)),
    ):
        code, said = await typed(*words)
        assert (code, world.media.asked[-1]) == (0, asked), said
        assert said.startswith(f"{LIVE}: ")


async def test_what_cannot_be_done_is_said_in_words(
    world: ApiWorld, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = await typed("transfer", LIVE, "+4930111111")
    assert code == 1 and "not among the targets" in said and "fix: add it under" in said
    for words in (["hangup"], ["hold"], ["record"]):
        act = ["pause"] if words == ["record"] else []
        code, said = await typed("calls", *words, "no-such-call", *act)
        assert code == 1 and "no such call" in said and "antiphon calls active" in said, said
    code, said = await typed("calls", "dtmf", LIVE, "one")
    assert code == 1 and "digits" in said, said
    world.media.refusal = ConfigError("the agent has nobody to pass a call on to", fix="name somebody")
    code, said = await typed("transfer", LIVE)
    assert code == 1 and "has nobody" in said and "fix: name somebody" in said, said
    world.media.refusal = CallFailed("this call is not recorded")
    code, said = await typed("calls", "record", LIVE, "pause")
    assert code == 1 and "this call is not recorded" in said
    monkeypatch.setenv("ANTIPHON_API_KEY", await world.key(Role.AUDITOR))
    code, said = await typed("calls", "hangup", LIVE)
    assert code == 1 and "calls:control" in said, said
    monkeypatch.setenv("ANTIPHON_API_KEY", "ak_forged")
    code, said = await typed("calls", "active")
    assert code == 1 and "antiphon: this credential is not valid" in said, said
    assert not world.media.asked


async def test_a_call_is_placed_once_and_asked_about(world: ApiWorld, typed: Typed) -> None:
    made = TRANSFER_CARRIERS["twilio"]()
    async with HttpVendor(wire=made.account, answers_get=True) as vendor:
        control = made.control(vendor.url)
        world.media.placer = CallPlacer(
            dial_rules(ENVIRON), agents={"clinic"}, controls={"twilio": control}, base_url=PUBLIC
        )
        place = ["calls", "place", "clinic", "+12125550100", "--key", "reminder-1"]
        for _ in range(2):
            code, said = await typed(*place, "--caller-id", "+16175550100")
            assert code == 0, said
            assert "reminder-1: placed through twilio, allowed by ANTIPHON_DIAL_ALLOWED: US\n" in said
        assert len(made.account.calls) == 1
        code, said = await typed("calls", "placed", "reminder-1")
        assert code == 0 and "reminder-1: placed" in said
        code, said = await typed(*place[:3], "911", "--caller-id", "+16175550100")
        assert code == 1 and len(made.account.calls) == 1, said
        await control.close()


async def test_an_agent_is_sent_into_a_room_of_a_livekit_server(world: ApiWorld, typed: Typed) -> None:
    code, said = await typed("calls", "join", "clinic", "front desk")
    assert code == 0 and said.startswith("clinic is in front desk"), said
    assert world.media.asked == [("join", "clinic", "front desk")]
    code, said = await typed("calls", "join", "nobody", "front desk")
    assert code == 1 and "no such agent" in said
    (method,) = (line_methods(None, None)[name] for name in ("livekit_join",))
    with pytest.raises(ConfigError, match="no LiveKit server") as refused:
        await method(agent="clinic", room="front desk")
    world.media.refusal = refused.value
    code, said = await typed("calls", "join", "clinic", "front desk")
    assert code == 1 and "fix: set LIVEKIT_URL" in said
    world.media.refusal = CallFailed("every line is busy")
    code, said = await typed("calls", "join", "clinic", "front desk")
    assert code == 1 and "every line is busy" in said


async def test_numbers_of_the_servers_account_need_no_credentials_here(
    world: ApiWorld, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = TRANSFER_CARRIERS["twilio"]()
    async with HttpVendor(wire=made.account, answers_get=True) as vendor:
        world.parts.controls = {"twilio": made.control(vendor.url)}
        numbers = ["numbers"]
        code, said = await typed(*numbers, "search", "us", "--area", "415")
        assert code == 0 and NUMBER in said, said
        code, said = await typed(*numbers, "buy", NUMBER, "--agent", "clinic")
        assert code == 1, "an operator reads numbers; who writes them is another"
        monkeypatch.setenv("ANTIPHON_API_KEY", await world.key(Role.OWNER))
        code, said = await typed(*numbers, "buy", NUMBER, "--agent", "nobody")
        assert code == 1 and "no such agent" in said
        code, said = await typed(*numbers, "buy", "+1 415 555 0100", "--agent", "clinic")
        assert (code, said) == (0, f"{NUMBER} is answered by clinic\n")
        code, said = await typed(*numbers, "list")
        assert code == 0 and NUMBER in said and f"{PUBLIC}/calls/twilio/clinic" in said
        code, said = await typed(*numbers, "configure", NUMBER, "--agent", "clinic")
        assert code == 0, said
        code, said = await typed(*numbers, "release", NUMBER)
        assert code == 0 and "released" in said
        code, said = await typed(*numbers, "release", NUMBER)
        assert code == 2 and "not a number of this account" in said
        code, said = await typed("numbers", "--carrier", "plivo", "list")
        assert code == 1 and "no account at 'plivo'" in said and "twilio" in said


async def test_calls_on_record_and_routes_need_no_server(
    world: ApiWorld, typed: Typed, tmp_path: Path
) -> None:
    code, said = await typed("calls", "list", asks=False)
    assert code == 0 and CALL in said
    code, said = await typed("calls", "show", CALL, asks=False)
    assert code == 0 and "clinic" in said
    (tmp_path / "routes.yaml").write_text(ROUTES)
    route = ["--agents", str(world.home / "agents")]
    code, said = await typed("route", "check", str(tmp_path / "routes.yaml"), *route, asks=False)
    assert code == 0, said
    explain = ["route", "explain", "+12125550100", "--file", str(tmp_path / "routes.yaml"), *route]
    code, said = await typed(*explain, asks=False)
    assert code == 0 and "the agent clinic" in said, said
