"""Misuses of Rime, PlayHT and Riva that `antiphon agents check` finds before any call."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from antiphon.agents.definition import load_agent
from antiphon.providers.checking import check_providers
from antiphon.providers.prices import load_prices
from antiphon.providers.registry import Registry

KEYS = {
    "RIME_API_KEY": "k",
    "PLAY_HT_API_KEY": "k",
    "PLAY_HT_USER_ID": "u",
    "ANTIPHON_RIVA_URL": "localhost:50051",
}


def told(folder: Path, changes: dict[str, Any]) -> list[tuple[str, str]]:
    """Weight and words of what the check says of an agent that hears through Riva and speaks through Rime."""
    speech = {"stt": ["riva/default"], "tts": ["rime/coda/astra"], "vocabulary": ["Garcia"]}
    file = {
        "agent": "desk",
        "persona": {"name": "Ann", "role": "clerk"},
        "greeting": "Hello.",
        "language": "en-US",
        "reasoning": {"model": ["flow/desk"], "flow": "flow.yaml"},
        **changes,
        "speech": {**speech, **changes.get("speech", {})},
    }
    goal = {"examples": ["I want to buy something", "can I buy this"], "steps": [{"say": "Sold."}]}
    (folder / "flow.yaml").write_text(yaml.safe_dump({"flow": "desk", "goals": {"buy": goal}}))
    (folder / "desk.yaml").write_text(yaml.safe_dump(file))
    registry = Registry(environment=KEYS)
    found = check_providers(
        load_agent(folder / "desk.yaml"), registry, load_prices({}, today=date(2026, 11, 25))
    )
    ours = [item for item in found if not item.problem.message.startswith("local/")]
    return [(item.weight.value, str(item.problem)) for item in ours]


def test_a_file_that_fits_has_no_findings_and_its_prices_are_known(tmp_path: Path) -> None:
    assert told(tmp_path, {}) == []


@pytest.mark.parametrize(
    ("changes", "weight", "what"),
    [
        (
            {"language": "ja-JP", "speech": {"tts": ["rime/mistv2/luna"]}},
            "error",
            "rime/mistv2/luna does not know the agent's language, ja-JP",
        ),
        ({"language": "is-IS"}, "error", "riva/default does not know the agent's language, is-IS"),
        ({"greeting": "<speak>Hello</speak>"}, "advice", "rime/coda/astra takes no SSML"),
        (
            {"speech": {"tts": ["playht/PlayDialog/s3://x/manifest.json"]}},
            "here",
            "fix: set ANTIPHON_PLAYHT_URL",
        ),
    ],
)
def test_a_misuse_is_found(tmp_path: Path, changes: dict[str, Any], weight: str, what: str) -> None:
    assert [found for found, text in told(tmp_path, changes) if what in text] == [weight]
