"""The fast model first, the frontier model for difficult turns: a declared policy, told in the trace."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from antiphon.agents.definition import load_agent
from antiphon.agents.definition.values import Routing
from antiphon.agents.llm.routing import TurnRouter, TurnSeen, decide, turn_of
from antiphon.agents.ports import Message
from antiphon.errors import ConfigError

LONG = "I moved last month and my insurance changed so I do not know which of the two plans covers the visit"


def routing(**more: Any) -> Routing:
    return Routing(frontier="acme/large", **more)


@pytest.mark.parametrize(
    ("policy", "turn", "frontier", "reason"),
    [
        (routing(words_min=15), TurnSeen(text=LONG), True, "21 words"),
        (routing(words_min=15), TurnSeen(text="Tuesday please"), False, "nothing difficult"),
        (routing(patterns=(r"\binsurance\b",)), TurnSeen(text=LONG.upper()), True, "pattern 1"),
        (routing(tool_failures=2), TurnSeen(text="x", tool_failures=2), True, "2 tools failed"),
        (routing(tool_failures=2), TurnSeen(text="x", tool_failures=1), False, "nothing difficult"),
        (
            routing(difficult=("a", "b")),
            TurnSeen(text="x", class_="difficult"),
            True,
            "classified as difficult",
        ),
        (routing(), TurnSeen(text="x", class_="easy"), False, "nothing difficult"),
    ],
)
def test_the_policy_says_who_answers_and_why(
    policy: Routing, turn: TurnSeen, frontier: bool, reason: str
) -> None:
    choice = decide(policy, turn)
    assert (choice.frontier, choice.reason) == (frontier, reason)


def test_a_call_that_has_spent_its_budget_stays_with_the_fast_model() -> None:
    policy = routing(words_min=5, budget_usd=Decimal("0.05"))
    below, at = (decide(policy, TurnSeen(text=LONG, spent_usd=Decimal(spent))) for spent in ("0.049", "0.05"))
    assert below.frontier
    assert (at.frontier, at.reason) == (False, "21 words, but the call has spent 0.05 USD")


def test_the_reason_never_repeats_the_callers_words() -> None:
    assert "secret" not in decide(routing(patterns=("secret",)), TurnSeen(text="my secret")).reason


def test_tools_that_failed_before_the_caller_spoke_again_are_forgotten() -> None:
    failed = Message(role="tool", content='{"ok": false, "error": "timeout"}')
    well = Message(role="tool", content='{"ok": true}')
    first, second = Message(role="user", content="One"), Message(role="user", content="Two")
    assert turn_of([first, failed, failed, second, well, failed]) == ("Two", 1)
    assert turn_of([]) == ("", 0)


async def test_the_classifier_tells_difficult_turns_by_their_likeness_to_examples() -> None:
    policy = routing(
        easy=("yes please", "on Tuesday", "my name is Ann Lee", "ten o'clock is fine"),
        difficult=(
            "does my insurance plan cover this visit",
            "I want to complain about my last bill",
            "why was I charged twice on my bill",
        ),
    )
    router = TurnRouter(policy, encoder=None)
    await router.warm()
    choices = [
        await router.choose([Message(role="user", content=text)], Decimal(0))
        for text in ("I was charged twice on my last bill", "Tuesday, please")
    ]
    assert [choice.frontier for choice in choices] == [True, False]


FILE: dict[str, Any] = {
    "agent": "desk",
    "persona": {"name": "Ann", "role": "clerk"},
    "greeting": "Hello.",
    "reasoning": {"model": ["acme/small", "acme/large"]},
}


def load(folder: Path, section: dict[str, Any]) -> Routing | None:
    path = folder / "desk.yaml"
    content = FILE | {"reasoning": FILE["reasoning"] | {"routing": section}}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_agent(path).reasoning.routing


def test_the_file_says_it_all(tmp_path: Path) -> None:
    section = {
        "frontier": "acme/large", "words_min": 25, "patterns": "insurance", "tool_failures": 1,
        "classifier": {"easy": ["yes", "no"], "difficult": ["why", "how"]}, "budget_usd": 0.1,
    }  # fmt: skip
    assert load(tmp_path, section) == Routing(
        frontier="acme/large", words_min=25, patterns=("insurance",), tool_failures=1,
        easy=("yes", "no"), difficult=("why", "how"), budget_usd=Decimal("0.1"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ({"frontier": "acme/large"}, "nothing says when the frontier model is asked"),
        ({"frontier": "acme/larg", "words_min": 9}, "did you mean 'acme/large'"),
        ({"frontier": "acme/small", "words_min": 9}, "already the first model"),
        ({"frontier": "acme/large", "patterns": ["("]}, "not a regular expression"),
        ({"frontier": "acme/large", "words_min": 9, "budget_usd": -1}, "greater than 0"),
    ],
)
def test_a_policy_that_makes_no_sense_is_named(tmp_path: Path, section: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=r"reasoning.routing") as raised:
        load(tmp_path, section)
    assert what in str(raised.value)
