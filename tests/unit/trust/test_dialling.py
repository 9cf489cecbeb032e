"""Nobody is dialled without a permit, and what may not be called has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from antiphon.errors import ConfigError, Denied
from antiphon.trust.dialling import DialPermit, DialRules, dial_rules, permit_call, permit_transfer

ANYWHERE = DialRules(allowed=("US", "GB", "DE", "FR", "AU"))


@pytest.mark.parametrize(
    ("number", "allowed", "basis"),
    [
        ("+1 (212) 555-0100", ("US",), "US"),
        ("+12125550100", ("DE", "+1212*"), "+1212*"),
        ("+12125550100", ("+12125550100",), "+12125550100"),
        ("sip:1001@pbx.example.com", ("sip:*@pbx.example.com",), "sip:*@pbx.example.com"),
        ("sip:1001@pbx.example.com;transport=tcp", ("sip:*@pbx.example.com",), "sip:*@pbx.example.com"),
        ("+8835100012345", ("+8835100012345",), "+8835100012345"),  # Listed by itself, kind unknown.
    ],
)
def test_what_is_allowed_gets_a_permit_with_its_rule(
    number: str, allowed: tuple[str, ...], basis: str
) -> None:
    permit = permit_call(number, DialRules(allowed=allowed))
    assert permit.basis == f"ANTIPHON_DIAL_ALLOWED: {basis}"
    assert permit.purpose == "call"
    assert " " not in permit.number


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("911", "emergency"),
        ("112", "emergency"),
        ("999", "emergency"),
        ("000", "emergency"),
        ("1 1 2", "emergency"),
        ("+911", "emergency"),
        ("2125550100", "not a phone number.*country code, as"),
        ("+1212", "not a phone number"),
        ("+15550199", "not a phone number"),
        ("tel:+12125550100", "not a phone number"),
        ("", "not a phone number"),
        ("+19005550100", "premium"),
        ("+449098790001", "premium"),
        ("+33899123456", "premium"),
        ("+491801234567", "costs more"),
        ("+4990012345678", "no country is known"),
        ("+8835100012345", "no country is known"),
        ("+390612345678", "not among those"),
        ("sip:a@b", "not among those"),
    ],
)
def test_what_may_not_be_called_has_no_permit(number: str, words: str) -> None:
    with pytest.raises(Denied, match=words):
        permit_call(number, ANYWHERE)


def test_by_default_nobody_may_be_called() -> None:
    with pytest.raises(Denied, match="not among those that may be called"):
        permit_call("+12125550100", dial_rules({}))


def test_the_do_not_call_list_is_read_again_for_every_call(tmp_path: Path) -> None:
    listed = tmp_path / "list"
    listed.write_text("# nobody yet\n")
    rules = dial_rules({"ANTIPHON_DIAL_ALLOWED": "US, +4930*", "ANTIPHON_DO_NOT_CALL": str(listed)})
    assert permit_call("+12125550100", rules)
    listed.write_text("+1 212 555 0100  # asked on the phone\n\n+493012345678\n")
    with pytest.raises(Denied, match="do-not-call"):
        permit_call("+12125550100", rules)
    assert permit_call("+12125550101", rules)
    listed.write_text("212 555 0100\n")
    with pytest.raises(Denied, match="cannot be read"):
        permit_call("+12125550101", rules)
    listed.unlink()
    with pytest.raises(Denied, match="cannot be read"):
        permit_call("+12125550101", rules)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"ANTIPHON_DIAL_ALLOWED": "US,usa"}, "'usa' is nobody to call"),
        ({"ANTIPHON_DIAL_ALLOWED": "*"}, "nobody to call"),
        ({"ANTIPHON_DIAL_ALLOWED": "555"}, "nobody to call"),
        ({"ANTIPHON_DO_NOT_CALL": "nowhere/list"}, "No such file"),
    ],
)
def test_rules_that_cannot_be_meant_stop_the_start(environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace("*", r"\*")):
        dial_rules(environ)


def test_a_wrong_line_of_the_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("+12125550100\nSmith\n")
    with pytest.raises(ConfigError, match="list:2"):
        dial_rules({"ANTIPHON_DO_NOT_CALL": str(tmp_path / "list")})


def test_a_transfer_is_permitted_to_those_who_are_listed() -> None:
    listed = ("+12125550100", "sip:desk@example.com")
    assert permit_transfer("sip:desk@example.com", listed).purpose == "transfer"
    with pytest.raises(Denied, match="not among the targets"):
        permit_transfer("+12125550101", listed)
    with pytest.raises(Denied, match="premium"):
        permit_transfer("+19005550100", ("+19005550100",))


def test_nobody_else_can_make_a_permit() -> None:
    with pytest.raises(AssertionError, match="made by the gates"):
        DialPermit(number="+12125550100", purpose="call", basis="I say so", minted=object())
