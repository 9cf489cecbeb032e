"""Who may be called, and whether anybody can: numbers, lists, capabilities, credentials."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.doubles.transfer_world import AGENT_FILE, PERSON

from antiphon.agents.definition import load_agent
from antiphon.agents.definition.problems import Finding, Weight
from antiphon.calls.control.accounts import CAPABILITIES, accounts_in, controls_from
from antiphon.calls.control.briefing import SUMMARY_MAX, _short
from antiphon.calls.control.checking import check_escalation
from antiphon.calls.numbers import allowed_target, e164, target_of
from antiphon.calls.ports import Capability
from antiphon.errors import ConfigError, Denied


@pytest.mark.parametrize(
    ("written", "number"),
    [("+1 (212) 555-0100", "+12125550100"), ("+49 30 123456", "+4930123456"), (PERSON, PERSON)],
)
def test_a_number_is_dialled_in_one_form(written: str, number: str) -> None:
    assert e164(written) == number


@pytest.mark.parametrize(
    "written", ["", "2125550100", "+0123456789", "+1", "reception", "+1212555010x", "+12"]
)
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(ConfigError, match="not a phone number"):
        target_of(written)


def test_calls_go_to_listed_targets_only() -> None:
    allowed = ("+12125550100", "sip:desk@example.com")
    assert allowed_target("+1 212 555 0100", allowed) == "+12125550100"
    assert allowed_target("sip:desk@example.com", allowed) == "sip:desk@example.com"
    for other in ("+12125550101", "sip:other@example.com"):
        with pytest.raises(Denied, match="not among the targets"):
            allowed_target(other, allowed)


def found(
    tmp_path: Path,
    accounts: frozenset[str],
    *changes: tuple[str, str],
    capabilities: Mapping[str, frozenset[Capability]] = CAPABILITIES,
) -> list[Finding]:
    text = AGENT_FILE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "clinic.yaml").write_text(text)
    return list(check_escalation(load_agent(tmp_path / "clinic.yaml"), accounts, capabilities))


def test_our_own_sip_lines_are_a_carrier_where_there_is_a_trunk(tmp_path: Path) -> None:
    carrier = ("escalation:\n", "escalation:\n  carrier: sip\n")
    address = (f'target: "{PERSON}"', "target: sip:desk@pbx.example.com")
    assert "sip" in accounts_in({"ANTIPHON_SIP_TRUNK_EAST": "sip:4711@provider.example"})
    assert not found(tmp_path, frozenset({"sip"}), carrier, address)
    (one,) = found(tmp_path, frozenset(), carrier)
    assert one.weight is Weight.HERE and "ANTIPHON_SIP_TRUNK" in one.problem.fix


def test_a_carrier_that_cannot_place_calls_is_caught_when_the_file_is_checked(tmp_path: Path) -> None:
    carrier = ("escalation:\n", "escalation:\n  carrier: vonage\n")
    able = dict(CAPABILITIES, vonage=frozenset({Capability.NUMBERS}))
    (one,) = found(tmp_path, frozenset(), carrier, capabilities=able)
    assert one.weight is Weight.ERROR and one.problem.line > 1
    assert "calls cannot be placed through vonage" in one.problem.message
    cold = ("escalation:\n", "escalation:\n  mode: cold\n")
    assert not found(tmp_path, frozenset(), carrier, cold, capabilities=able)


def test_a_sip_address_a_carrier_cannot_call_is_caught(tmp_path: Path) -> None:
    able = dict(CAPABILITIES, plivo=frozenset({Capability.DIAL}))
    changes = (
        ("escalation:\n", "escalation:\n  carrier: plivo\n"),
        (f'target: "{PERSON}"', 'target: "sip:desk@example.com"'),
    )
    (one,) = found(tmp_path, frozenset({"plivo"}), *changes, capabilities=able)
    assert one.weight is Weight.ERROR and "plivo cannot call a SIP address" in one.problem.message
    assert not found(tmp_path, frozenset({"plivo"}), *changes)


def test_missing_credentials_are_this_machines_matter(tmp_path: Path) -> None:
    carrier = ("escalation:\n", "escalation:\n  carrier: twilio\n")
    (one,) = found(tmp_path, frozenset(), carrier)
    assert one.weight is Weight.HERE and "TWILIO_ACCOUNT_SID" in one.problem.fix
    assert not found(tmp_path, frozenset({"twilio"}), carrier)


def test_a_number_no_country_has_is_caught(tmp_path: Path) -> None:
    (one,) = found(tmp_path, frozenset(), (f'target: "{PERSON}"', 'target: "+12125550"'))
    assert one.weight is Weight.ERROR and "not a phone number" in one.problem.message


async def test_accounts_are_those_with_every_credential() -> None:
    half = {"TWILIO_ACCOUNT_SID": "AC1", "SIGNALWIRE_SPACE": "acme"}
    assert accounts_in(half) == frozenset()
    assert controls_from(half) == {}
    whole = half | {"TWILIO_AUTH_TOKEN": "t", "SIGNALWIRE_PROJECT_ID": "p", "SIGNALWIRE_API_TOKEN": "t"}
    controls = controls_from(whole)
    assert {name: control.carrier for name, control in controls.items()} == {
        "twilio": "twilio", "signalwire": "signalwire"
    }  # fmt: skip
    for name, control in controls.items():
        assert control.capabilities == CAPABILITIES[name] and Capability.DIAL in control.capabilities
        await control.close()


def test_a_summary_is_short_and_plain() -> None:
    assert _short("  wants <break time='9s'/> a refund ") == "wants break time='9s'/ a refund."
    assert len(_short("word " * 500)) <= SUMMARY_MAX + 1
    assert _short("") == ""
