from __future__ import annotations

import pytest

from antiphon.speech.loops import has_loop, without_loops


def test_a_phrase_said_three_times_running_is_a_loop() -> None:
    text = "go back to it, go back to it, go back to it"

    assert has_loop(text)
    assert without_loops(text) == "go back to it,"


@pytest.mark.parametrize(
    "text", ["no no no no", "5 5 5 5 5 5 5 5", "very very good", "it was it was the best", ""]
)
def test_what_people_do_repeat_is_no_loop(text: str) -> None:
    assert not has_loop(text)
    assert without_loops(text) == text
