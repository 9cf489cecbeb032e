"""Whom a caller is asked to call, with what was gathered of him: one line that no words can break."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.calls.ports import gathered_headers
from antiphon.calls.sip.refer import ADDRESS_MAX_BYTES, refer_to

DESK = "sip:desk@example.com"


def told(address: str) -> dict[str, str]:
    """As the far end reads it (RFC 3261, 19.1.1)."""
    assert address.startswith("<") and address.endswith(">"), "else it ends at the question mark"
    headers = address[1:-1].partition("?")[2]
    return {name: unquote(value) for name, _, value in (part.partition("=") for part in headers.split("&"))}


def test_what_was_gathered_goes_along_as_headers_of_the_address() -> None:
    address = refer_to(DESK, gathered_headers("asked_for_person", "Wants to move & pay 3.50 €"))
    assert address.startswith(f"<{DESK}?X-Antiphon-Reason=")
    assert told(address) == {
        "X-Antiphon-Reason": "asked_for_person",
        "X-Antiphon-Summary": "Wants_to_move_pay_3.50_€",
    }


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (DESK, DESK),
        (f"{DESK};transport=udp", f"<{DESK};transport=udp>"),
        (f"{DESK}?Subject=calls", f"<{DESK}?Subject=calls>"),
    ],
)
def test_without_anything_to_tell_the_address_stays_as_it_is(address: str, said: str) -> None:
    assert refer_to(address, {}) == said
    assert refer_to(address, gathered_headers("", "")) == said


def test_an_address_with_headers_of_its_own_keeps_them() -> None:
    address = refer_to(f"{DESK}?Subject=calls", {"Antiphon-Reason": "emergency"})
    assert told(address) == {"Subject": "calls", "X-Antiphon-Reason": "emergency"}


def test_a_line_end_in_what_the_caller_said_begins_no_header() -> None:
    address = refer_to(
        DESK, gathered_headers("asked", "Anna\r\nContact: <sip:thief@evil.example>\x00\u2028>?&x=y")
    )
    assert told(address)["X-Antiphon-Summary"] == "Anna_Contact:_sip:thief_evil.example_x_y"
    assert address.count(">") == address.count("<") == 1


@given(reason=st.text(max_size=60), summary=st.text(max_size=2000))
def test_any_words_give_one_short_line_and_a_beginning_of_them(reason: str, summary: str) -> None:
    address = refer_to(DESK, gathered_headers(reason, summary))
    assert address.isascii() and address.isprintable() and " " not in address
    assert len(address) <= ADDRESS_MAX_BYTES + len("<>")
    if "?" in address:
        for name, value in told(address).items():
            assert name in {"X-Antiphon-Reason", "X-Antiphon-Summary"} and value.isprintable() and value


@given(words=st.text(st.characters(max_codepoint=127), max_size=400))
def test_words_in_ascii_need_no_percent_sign_that_a_telephone_could_take_for_a_format(words: str) -> None:
    assert "%" not in refer_to(DESK, gathered_headers("asked", words))
