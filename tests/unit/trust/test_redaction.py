"""What is masked of words that somebody may see who has no business knowing whose they are."""

from __future__ import annotations

import pytest

from antiphon.trust.redaction import MASK, mask


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("I'd like to book an appointment, please.", "I'd like to book an appointment, please."),
        ("My name is Maria Lopez, thank you.", f"My name is {MASK}, thank you."),
        ("my name is will smith.", f"my name is {MASK}."),
        ("This is Dr. Will Hope.", f"This is {MASK}."),
        ("You can call me Will.", f"You can call me {MASK}."),
        ("It's 555-0134.", f"It's {MASK}."),
        ("It is five five five oh one double three.", f"It is {MASK}."),
        ("born on March third nineteen eighty", f"{MASK} on {MASK}"),
        ("write to maria.lopez@example.com", f"write to {MASK}"),
        ("It is spelled L O P E Z", f"It is spelled {MASK}"),
        ("I live at 12 Rosewood Lane in Springfield", f"I {MASK} at {MASK} in {MASK}"),
        ("Thank you, Maria. See you soon.", f"Thank you, {MASK}. See you soon."),
        ("<script>alert(1)</script>", MASK),
        ("", ""),
    ],
)
def test_words_that_may_tell_who_it_is_are_masked(said: str, shown: str) -> None:
    assert mask(said) == shown


def test_how_many_words_are_masked_is_not_told() -> None:
    assert mask("it is Anna Lopez") == mask("it is Anna Maria de la Vega Lopez") == f"it is {MASK}"


def test_words_somebody_vouches_for_are_shown_but_never_numbers_or_names() -> None:
    known = frozenset({"cleaning", "five", "maria", "b7"})
    assert mask("a cleaning for Maria at five, code B7", known) == f"a cleaning for {MASK} at {MASK}"


def test_a_mask_in_the_words_does_not_pass_for_ours() -> None:
    assert mask("it is ••• you") == "it is you"
