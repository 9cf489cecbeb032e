"""Who must be asked before he is recorded: the stricter end decides, and doubt asks."""

from __future__ import annotations

import phonenumbers
import pytest

from antiphon.trust.jurisdictions import _STATE_OF, must_ask


@pytest.mark.parametrize(
    ("place", "caller", "needed"),
    [
        ("US-NY", "+12125550100", False),
        ("US-NY", "+15125550100", False),  # Texas
        ("US-NY", "+14155550100", True),  # California
        ("US-NY", "+16175550100", True),  # Massachusetts
        ("US-CA", "+12125550100", True),  # Recorded in California
        ("US-MI", "+12125550100", True),
        ("US", "+12125550100", True),  # Which state?
        ("", "+12125550100", True),
        ("DE", "+12125550100", True),
        ("US-NY", "+4930123456", True),
        ("US-NY", "+18005550100", True),  # Toll free: from anywhere
        ("US-NY", "+16135550100", True),  # Ontario
        ("US-NY", "", True),
        ("US-NY", "anonymous", True),
        ("US-NY", "+1212", True),
        ("US-NY", "+1212555010x", True),
    ],
)
def test_the_stricter_end_decides(place: str, caller: str, needed: bool) -> None:
    asking = must_ask(place, caller)
    assert asking.needed is needed
    assert asking.why


def test_the_area_codes_are_of_the_united_states() -> None:
    assert len(_STATE_OF) > 200
    for code in _STATE_OF:
        number = phonenumbers.parse(f"+1{code}5550100")
        assert phonenumbers.region_code_for_country_code(number.country_code) == "US"
        assert phonenumbers.region_code_for_number(number) in (None, "US"), code


def test_no_state_is_in_the_table_whose_law_wants_all_to_agree() -> None:
    strict = {"CA", "CT", "DE", "FL", "IL", "MD", "MA", "MT", "NV", "NH", "PA", "WA", "MI", "OR", "VT"}
    assert not strict & set(_STATE_OF.values())
