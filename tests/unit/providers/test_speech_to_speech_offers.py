"""Models that hear and speak by themselves, as vendors offer them: priced, and ready before a call."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml

from antiphon.agents.definition import load_agent
from antiphon.errors import ConfigError
from antiphon.providers.checking import check_providers
from antiphon.providers.prices import load_prices
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Role

BOOK = load_prices({}, today=date(2026, 11, 25))
REGISTRY = Registry(environment={"OPENAI_API_KEY": "k", "GEMINI_API_KEY": "k"})
OFFERED = [name for name, known in REGISTRY.matrix(Role.SPEECH_TO_SPEECH) if known.is_ready]
WITHOUT_A_PRICE = ("openai/gpt-realtime-mini",)
# Everything a first connection needs, to an address where nobody is.
FIRST_CONNECTION = """
import asyncio, sys
from antiphon.providers.registry import Registry
from antiphon.speech.ports import SpeechSessionConfig, SessionLost

async def main():
    name, url = sys.argv[1:]
    model = Registry(environment={
        "OPENAI_API_KEY": "k", "GEMINI_API_KEY": "k", "ANTIPHON_OPENAI_URL": url, "ANTIPHON_GEMINI_URL": url,
    }).speech_to_speech(name)
    known = set(sys.modules)
    lost = asyncio.Event()
    config = SpeechSessionConfig(sample_rate_hz=8000, instructions="", history=lambda: [("caller", "hello")])
    session = model.open(config, lambda event: lost.set() if isinstance(event, SessionLost) else None)
    await lost.wait()
    await session.aclose()
    vendors = ("openai", "google", "websockets", "aiohttp", "httpx", "antiphon")
    loaded = sorted(name for name in set(sys.modules) - known if name.partition(".")[0] in vendors)
    print("during the call:", *loaded)

asyncio.run(main())
"""


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


def test_a_vendor_without_such_a_model_keeps_its_place_and_says_what_to_do() -> None:
    known = Registry(environment={"ANTHROPIC_API_KEY": "k"}).known_as(
        Role.SPEECH_TO_SPEECH, "anthropic/claude-sonnet-5-5"
    )
    assert known.state.startswith("missing: Anthropic has no public speech-to-speech API")
    with pytest.raises(ConfigError, match="without `unified:`"):
        Registry(environment={"ANTHROPIC_API_KEY": "k"}).speech_to_speech("anthropic/claude-sonnet-5-5")


@pytest.mark.whole
@pytest.mark.parametrize("name", ["openai/gpt-realtime-1.5", "gemini/gemini-3.8-live"])
def test_nothing_of_a_vendors_package_is_imported_during_a_call(name: str) -> None:
    address = "https://127.0.0.1:9"
    command = [sys.executable, "-c", FIRST_CONNECTION, name, address]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    (told,) = [line for line in ran.stdout.splitlines() if line.startswith("during the call:")]
    # One short module that the SDK opens its socket with is its own affair.
    assert [name for name in told.split()[3:] if not name.startswith("openai.lib")] == []
