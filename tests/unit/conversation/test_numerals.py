"""Numbers as they may be said."""

from __future__ import annotations

import pytest

from antiphon.conversation.numerals import in_full, in_pairs, one_by_one


@pytest.mark.parametrize(
    ("digits", "pairs", "full"),
    [
        ("0", "oh", "oh"),
        ("00", "oh", "oh"),
        ("5", "five", "five"),
        ("05", "oh five", "oh five"),
        ("9", "nine", "nine"),
        ("10", "ten", "ten"),
        ("19", "nineteen", "nineteen"),
        ("20", "twenty", "twenty"),
        ("99", "ninety nine", "ninety nine"),
        ("100", "one hundred", "one hundred"),
        ("120", "one twenty", "one hundred twenty"),
        ("905", "nine oh five", "nine hundred five"),
        ("999", "nine ninety nine", "nine hundred ninety nine"),
        ("1000", "ten hundred", "one thousand"),
        ("1500", "fifteen hundred", "one thousand five hundred"),
        ("1905", "nineteen oh five", "one thousand nine hundred five"),
        ("2006", "twenty oh six", "two thousand six"),
        ("2034", "twenty thirty four", "two thousand thirty four"),
        ("12000", "one two oh oh oh", "twelve thousand"),
        ("120345", "one two oh three four five", "one hundred twenty thousand three hundred forty five"),
        ("5550123", "five five five oh one two three", "five five five oh one two three"),
        ("000001", "oh oh oh oh oh one", "oh oh oh oh oh one"),
    ],
)
def test_in_pairs_as_times_and_years_and_in_full_as_amounts(digits: str, pairs: str, full: str) -> None:
    assert " ".join(in_pairs(digits)) == pairs
    assert " ".join(in_full(digits)) == full


def test_one_by_one_as_telephone_numbers_and_codes() -> None:
    assert " ".join(one_by_one("0123456789")) == "oh one two three four five six seven eight nine"
