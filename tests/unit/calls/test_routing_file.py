"""The routes file: what is wrong with it is told with its place, and the command line says what answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from antiphon.calls.routing import load_routes, routes_schema
from antiphon.calls.routing.values import Busy, Forward, Full, Queue, RoutingTable, ToAgent
from antiphon.cli import main
from antiphon.errors import ConfigError

AGENTS = {"clinic": "abcdef0123", "bank": "123456789a"}
AGENT_FILE = """
agent: NAME
persona: {name: Sam, role: receptionist}
greeting: Hello.
reasoning: {model: openai-compatible, prompt: Help.}
"""


def loaded(folder: Path, text: str) -> RoutingTable:
    (folder / "routes.yaml").write_text(text)
    return load_routes(folder / "routes.yaml", AGENTS)


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    table = loaded(
        tmp_path,
        """
limits: {calls: 30, agents: {clinic: 20}}
full: {queue: {}, overflow: {agent: bank}}
routes:
  a: {to: "+12125550100", rules: [{agent: clinic}]}
  b: {to: bank, limit: 3, full: {overflow: {forward: "+12125550111"}}, rules: [{agent: bank}]}
""",
    )
    assert (table.calls_max, dict(table.limits)) == (30, {"clinic": 20})
    assert table.routes[0].full == Full(queue=Queue(), overflow=ToAgent(agent="bank"))
    assert table.routes[1].full == Full(overflow=Forward(target="+12125550111"))
    assert loaded(tmp_path, "routes: {a: {to: bank, rules: [{agent: bank}]}}").full == Full(overflow=Busy())


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("[{agnt: clinic}]", "routes.r.rules[0].agnt: unknown key 'agnt'; did you mean 'agent'?"),
        ("[{agent: clinc}]", "unknown agent 'clinc'; did you mean 'clinic'?"),
        ("[{agent: {clinic: 50, bank: 40}}]", "the shares make 90 %"),
        ("[{agent: clinic, busy: true}]", "gives not exactly one answer"),
        ("[{}]", "gives not exactly one answer"),
        ("[{agent: bank}, {agent: clinic}]", "the rules after it are never reached"),
        ("[{when: {callers: hidden}, busy: true}]", "add a last rule without `when:`"),
        (
            "[{when: {open: ofice}, busy: true}, {agent: bank}]",
            "unknown hours 'ofice'; did you mean 'office'?",
        ),
        ("[{when: {holiday: de}, busy: true}, {agent: bank}]", "unknown holidays 'de'"),
        ("[{when: {callers: 555}, busy: true}, {agent: bank}]", "not 555"),
        ("[{when: {callers: '555'}, busy: true}, {agent: bank}]", "is no number and no beginning of one"),
        ("[{when: {countries: usa}, busy: true}, {agent: bank}]", "two capital letters"),
        ("[{forward: '911'}]", "neither a phone number nor a SIP address"),
        ("[{agent: clinic@ffffff}]", "the file at hand is clinic@abcdef0123"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, rules: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(
            tmp_path,
            f"hours: {{office: {{open: {{mon: '08:00-09:00'}}}}}}\nroutes:\n  r:\n    to: '+12125550100'\n"
            f"    rules: {rules}\n",
        )
    assert said in str(caught.value)
    assert "routes.yaml:5: routes.r.rules" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time_zone: Mars", "unknown time zone 'Mars'"),
        ("holidays: {a: ['2026-02-30']}", "is not a day"),
        ("holidays: {a: ['Monday']}", "write 2026-11-26, or 12-25 for every year"),
        ("hours: {a: {open: {funday: '08:00-09:00'}}}", "are no days"),
        ("hours: {a: {open: {mon: '8-9'}}}", "is not a time of day"),
        ("hours: {a: {open: {mon: '08:00-24:30'}}}", "is not a time of day"),
        ("hours: {a: {open: {mon: '08:00-08:00'}}}", "all day is 00:00-24:00"),
        ("hours: {a: {open: {mon: '08:00-09:00'}, holidays: us}}", "unknown holidays 'us'"),
        ("limits: {agents: {clink: 3}}", "unknown agent 'clink'; did you mean 'clinic'?"),
        ("limits: {calls: 0}", "greater than or equal to 1"),
        ("full: {queue: {position: Wait.}}", "put {position} where the number goes"),
        ("full: {overflow: {agent: clinic, busy: true}}", "says not exactly one thing"),
        ("full: {overflow: {agent: nobody}}", "full.overflow.agent: unknown agent 'nobody'"),
    ],
)
def test_the_rest_of_the_file_is_checked_too(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"routes\.yaml:1: ") as caught:
        loaded(tmp_path, f"{text}\nroutes: {{r: {{to: '*', rules: [{{agent: clinic}}]}}}}\n")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("['+12125550100', '+1 212 555 0100']", "+12125550100 is also routed by 'r'"),
        ("'sip:clinic@pbx.example.com'", "write the part before the @"),
        ("'12'", "is not a phone number"),
        ("[]", "at least 1 item"),
        ("clinik", "did you mean 'clinic'?"),
    ],
)
def test_addresses_are_checked(tmp_path: Path, to: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, f"routes: {{r: {{to: {to}, rules: [{{agent: clinic}}]}}}}\n")
    assert said in str(caught.value)


def test_a_version_may_be_pinned(tmp_path: Path) -> None:
    table = loaded(tmp_path, "routes: {r: {to: '*', rules: [{agent: {clinic@abcdef: 80, bank: 20}}]}}\n")
    assert [share.agent for share in table.routes[0].rules[0].shares] == ["clinic", "bank"]


def test_the_schema_is_published(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["route", "schema"]) == 0
    assert json.loads(capsys.readouterr().out) == routes_schema()
    assert set(routes_schema()["properties"]) == {
        "time_zone", "limits", "full", "holidays", "hours", "routes",
    }  # fmt: skip


def test_the_command_line_explains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("clinic", "bank"):
        (tmp_path / f"{name}.yaml").write_text(AGENT_FILE.replace("NAME", name))
    agents = tmp_path / "agents"
    agents.mkdir()
    for name in ("clinic", "bank"):
        (tmp_path / f"{name}.yaml").rename(agents / f"{name}.yaml")
    routes = tmp_path / "routes.yaml"
    routes.write_text(
        "time_zone: America/New_York\nhours: {office: {open: {mon-fri: '08:00-18:00'}}}\n"
        "routes: {desk: {to: '+12125550100', limit: 2, rules: [{name: shut, when: {closed: office},"
        " forward: '+12125550111'}, {name: usual, agent: clinic}]}}\n"
    )
    where = ["--agents", str(agents)]
    assert main(["route", "check", str(routes), *where]) == 0
    assert "desk: +12125550100: 2 rules, at most 2 at once, then busy" in capsys.readouterr().out

    asked = ["route", "explain", "+1 212 555 0100", "--file", str(routes), *where]
    assert main([*asked, "--from", "+14155550100", "--at", "2026-11-24T10:00"]) == 0
    told = capsys.readouterr().out
    assert "shut: office is open" in told
    assert "usual: holds" in told
    assert "answer  the agent clinic" in told

    assert main([*asked, "--at", "2026-11-24T15:00-08:00"]) == 0
    assert "answer  forwarded to +12125550111" in capsys.readouterr().out, "six in the evening in New York"
    assert main(["route", "explain", "+12125550999", "--file", str(routes), *where]) == 1
    assert "refused: nothing is routed" in capsys.readouterr().out
    assert main([*asked, "--at", "noon"]) == 2
    assert "write 2026-12-24T18:30" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["route", "check"], ["route", "explain", "+12125550100"]])
def test_where_there_is_no_routes_file_the_way_out_is_about_routes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command) == 2
    told = capsys.readouterr().err
    assert "routes.yaml: no such file" in told and "`antiphon route schema`" in told
    assert "agent" not in told

    (tmp_path / "routes.yaml").write_text("# nothing yet\n")
    assert main(command) == 2
    told = capsys.readouterr().err
    assert "the file is empty" in told and "start with `routes:`" in told


def test_users_of_sip_addresses_are_known_however_trunks_write_numbers(tmp_path: Path) -> None:
    table = loaded(
        tmp_path,
        "routes: {a: {to: ['+12125550100', 'sip:desk', bank], rules: [{agent: clinic}]},"
        " b: {to: '*', rules: [{agent: bank}]}}\n",
    )
    assert table.sip_users == {"+12125550100", "12125550100", "desk"}
