"""Models that hear and speak by themselves, as vendors offer them: with their prices."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from antiphon.agents.definition import load_agent
from antiphon.providers.checking import check_providers
from antiphon.providers.prices import load_prices
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Role

BOOK = load_prices({}, today=date(2026, 11, 25))
REGISTRY = Registry(environment={"OPENAI_API_KEY": "k", "GEMINI_API_KEY": "k"})
OFFERED = [name for name, _ in REGISTRY.matrix(Role.SPEECH_TO_SPEECH)]
WITHOUT_A_PRICE = ("gemini/gemini-3.8-live-extended-thinking", "openai/gpt-realtime-mini")


def said_of(folder: Path, name: str) -> list[str]:
    """What the check says of prices, for an agent that this model drives."""
    file = {
        "agent": "desk",
        "persona": {"name": "Ann", "role": "clerk"},
        "greeting": "Hello.",
        "reasoning": {"model": [f"unified:{name}", "flow/desk"], "flow": "flow.yaml"},
    }
    goal = {"examples": ["I want to buy something", "can I buy this"], "steps": [{"say": "Sold."}]}
    (folder / "flow.yaml").write_text(yaml.safe_dump({"flow": "desk", "goals": {"buy": goal}}))
    (folder / "desk.yaml").write_text(yaml.safe_dump(file))
    found = [finding.problem for finding in check_providers(load_agent(folder / "desk.yaml"), REGISTRY, BOOK)]
    return [problem.message for problem in found if "price" in problem.message]


@pytest.mark.parametrize("name", [*OFFERED, "openai/gpt-realtime-mini"])
def test_a_model_has_a_price_or_the_check_says_that_it_has_none(name: str, tmp_path: Path) -> None:
    priced = BOOK.find("s2s", name) is not None
    assert priced == (name not in WITHOUT_A_PRICE)
    assert bool(said_of(tmp_path, name)) != priced
