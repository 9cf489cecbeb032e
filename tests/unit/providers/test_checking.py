"""What `antiphon agents check` finds in what an agent file asks of its providers."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from antiphon.agents import command
from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.agents.definition.problems import Finding, Weight
from antiphon.conversation.policy import Policy
from antiphon.errors import ConfigError
from antiphon.providers.checking import check_providers
from antiphon.providers.cloud import Account, Offer, cloud_vendor
from antiphon.providers.price_checking import check_prices
from antiphon.providers.prices import load_prices
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Capabilities, Role, Vendor

FILE: dict[str, Any] = {
    "agent": "desk",
    "persona": {"name": "Ann", "role": "clerk"},
    "greeting": "Hello.",
    "language": "en-US",
    "speech": {"stt": ["acme/ears"], "tts": ["acme/voice"]},
    "reasoning": {"model": ["acme/mind", "flow/desk"], "flow": "flow.yaml"},
}
OFFERS = [
    Offer(
        role=Role.STT,
        name="ears",
        capabilities=Capabilities(languages=("en", "es"), vocabulary=True, turn_events=True),
    ),
    Offer(role=Role.STT, name="plain", capabilities=Capabilities(languages=("en-US",))),
    Offer(
        role=Role.TTS, name="voice", capabilities=Capabilities(languages=("en-US", "en-GB")), any_name=True
    ),
    Offer(role=Role.TTS, name="slow/*", capabilities=Capabilities(speeds=(0.7, 1.2))),
    Offer(role=Role.LLM, name="mind", capabilities=Capabilities(tools=True)),
    Offer(role=Role.LLM, name="simple"),
    Offer(role=Role.SPEECH_TO_SPEECH, name="whole", capabilities=Capabilities(voices=("Kore", "Puck"))),
    Offer(role=Role.SPEECH_TO_SPEECH, name="other"),
]
PRICES = """
prices:
  - provider: acme/*
    role: "*"
    read: 2026-11-01
    source: s
    rates: {characters: 1 per 1M, audio_ms: 1 per hour, input_tokens: 1 per 1M, output_tokens: 5 per 1M}
"""


def acme(environment: Mapping[str, str]) -> Vendor:
    return cloud_vendor(Account(vendor="acme", keys=("ACME_KEY",)), environment, OFFERS)


class Desk:
    """One agent file, a vendor, and what the check says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"ACME_KEY": "k"}
        self.prices = PRICES
        goal = {"examples": ["I want to buy something", "can I buy this"], "steps": [{"say": "Sold."}]}
        flow = {"flow": "desk", "goals": {"buy": goal}}
        (folder / "flow.yaml").write_text(yaml.safe_dump(flow), encoding="utf-8")

    def definition(self, changes: Mapping[str, Any]) -> AgentDefinition:
        content = FILE | {
            key: FILE.get(key, {}) | value if isinstance(value, dict) else value
            for key, value in changes.items()
        }
        path = self.folder / "desk.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return load_agent(path)

    def findings(self, definition: AgentDefinition) -> list[Finding]:
        registry = Registry(environment=self.environment, vendors={"acme": acme})
        own = self.folder / "prices.yaml"
        own.write_text(self.prices, encoding="utf-8")
        prices = load_prices({}, today=date(2026, 11, 25), own=own)
        ours = check_providers(definition, registry, prices)
        return [
            *check_prices(registry, prices),
            # Whether the embedded models are installed here is not what is tested.
            *(item for item in ours if not item.problem.message.startswith("local/")),
        ]

    def told(self, **changes: Any) -> list[tuple[str, str]]:
        found = self.findings(self.definition(changes))
        return [(item.weight.value, str(item.problem)) for item in found]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_file_that_fits_its_providers_has_no_findings(desk: Desk) -> None:
    assert desk.told() == []


def test_an_unknown_provider_is_named_with_its_line_and_the_nearest(desk: Desk) -> None:
    ((weight, text),) = desk.told(speech={"stt": ["acme/ear"]})
    assert weight == "error"
    assert 'desk.yaml:9: speech.stt[0]: there is no stt "acme/ear"' in text
    assert 'did you mean "acme/ears"' in text


def test_what_is_missing_on_this_machine_says_how_to_get_it(desk: Desk) -> None:
    desk.environment.clear()
    told = desk.told()
    assert [weight for weight, _ in told] == ["here"] * 3
    assert all("fix: set ACME_KEY" in text for _, text in told)


@pytest.mark.parametrize(
    ("changes", "weight", "what"),
    [
        ({"language": "de-DE"}, "error", "acme/ears does not know the agent's language, de-DE"),
        ({"language": "en-AU"}, "error", "acme/voice does not know the agent's language, en-AU"),
        ({"speech": {"stt": ["acme/plain"], "vocabulary": ["Aetna"]}}, "advice", "takes no vocabulary"),
        ({"reasoning": {"model": ["acme/mind"]}}, "advice", "no flow stands behind"),
        (
            {"reasoning": {"model": ["flow/desk", "acme/mind"]}},
            "error",
            "what stands behind it is never asked",
        ),
        ({"greeting": "<speak>Hello</speak>"}, "advice", "takes no SSML"),
        (
            {"speech": {"stt": ["acme/ears"], "pronunciations": {"Siobhan": "/ʃɪˈvɔːn/"}}},
            "advice",
            "takes no phonemes; 'Siobhan' is said as it is written",
        ),
        ({"reasoning": {"model": ["unified:acme/whale", "flow/desk"]}}, "error", 'no s2s "acme/whale"'),
    ],
)
def test_a_misuse_is_found(desk: Desk, changes: dict[str, Any], weight: str, what: str) -> None:
    assert [(found, what in text) for found, text in desk.told(**changes)][:1] == [(weight, True)]


@pytest.mark.parametrize(("speed", "fits"), [(0.6, False), (0.7, True), (1, True), (1.2, True), (1.3, False)])
def test_a_speed_the_voice_does_not_speak_at_is_named_with_those_it_does(
    desk: Desk, speed: float, fits: bool
) -> None:
    told = desk.told(speech={"tts": ["acme/voice", "acme/slow/ann"], "speed": speed})
    if fits:
        assert told == []
        return
    ((weight, text),) = told
    assert weight == "error"
    assert f"speech.tts[1]: acme/slow/ann does not speak at the speed the agent is given, {speed}" in text
    assert "fix: it speaks from 0.7 to 1.2" in text


def test_a_voice_that_a_model_does_not_have_is_named_with_those_it_has(desk: Desk) -> None:
    def told(model: str, voice: str) -> list[tuple[str, str]]:
        models = [f"unified:acme/{model}", "acme/mind", "flow/desk"]
        return desk.told(reasoning={"model": models}, speech={"model_voice": voice})

    assert told("whole", "Puck") == told("other", "Nobody") == []
    ((weight, text),) = told("whole", "Kora")
    assert weight == "error"
    assert 'desk.yaml:12: speech.model_voice: acme/whole has no voice "Kora"' in text
    assert 'fix: did you mean "Kore"? known: Kore, Puck' in text


def test_a_voice_by_any_name_is_taken_at_its_vendors_word(desk: Desk) -> None:
    assert desk.told(speech={"tts": ["acme/Ann-42"]}) == []


def test_a_model_without_tools_is_found_when_tools_are_asked_for(desk: Desk) -> None:
    changes = {
        "reasoning": {"model": ["acme/simple"], "tools": ["clinic.book"]},
        "tools": {"clinic": {"calendar": "c.yaml"}},
    }
    told = [text for weight, text in desk.told(**changes) if weight == "error"]
    assert "acme/simple cannot ask for tools" in told[0]


@pytest.mark.parametrize(
    ("names", "weight"),
    [(["acme/plain", "acme/ears"], Weight.ERROR), (["acme/ears", "acme/plain"], Weight.ADVICE)],
)
def test_a_recogniser_without_turn_events_cannot_end_the_turns_unless_it_only_takes_over(
    desk: Desk, names: list[str], weight: Weight
) -> None:
    class Turn(msgspec.Struct, frozen=True):
        endpointing: str = "provider"

    definition = desk.definition({"speech": {"stt": names}})
    policy = msgspec.structs.replace(Policy(), turn=Turn())
    found = desk.findings(_with_policy(definition, policy))
    assert [item.weight for item in found] == [weight]
    assert "acme/plain gives no turn events" in found[0].problem.message


def test_a_model_without_a_price_is_advice_until_a_call_has_a_cost_limit(desk: Desk) -> None:
    desk.prices = "prices: []"
    assert {weight for weight, _ in desk.told()} == {"advice"}

    class Silence(msgspec.Struct, frozen=True):
        call_cost_max_usd: float = 0.5

    definition = desk.definition({})
    policy = msgspec.structs.replace(Policy(), silence=Silence())
    found = desk.findings(_with_policy(definition, policy))
    assert {item.weight for item in found} == {Weight.ERROR}
    assert all("ANTIPHON_PRICES" in item.problem.fix for item in found)


def test_a_budget_of_a_call_that_no_price_can_reach_is_an_error(desk: Desk) -> None:
    """It would stay with the frontier model whatever that costs."""
    routing = {"frontier": "acme/simple", "words_min": 30, "budget_usd": 0.2}
    reasoning = {"model": ["acme/mind", "acme/simple", "flow/desk"], "routing": routing}
    assert [told for told in desk.told(reasoning=reasoning) if "price" in told[1]] == []
    desk.prices = "prices: []"
    weights = {weight for weight, text in desk.told(reasoning=reasoning) if "no price for acme/" in text}
    assert weights == {"error"}


def test_a_price_that_leaves_out_what_is_charged_for_is_found(desk: Desk) -> None:
    desk.prices = PRICES.replace(", output_tokens: 5 per 1M", "").replace("audio_ms: 1 per hour, ", "")
    (ears, mind) = desk.told()
    assert (ears[0], mind[0]) == ("advice", "advice")
    assert "the price of acme/ears has no rate for audio_ms" in ears[1]
    assert "the price of acme/mind has no rate for output_tokens" in mind[1]


def _with_policy(definition: AgentDefinition, policy: Policy) -> AgentDefinition:
    import dataclasses

    return dataclasses.replace(definition, policy=policy)


@pytest.mark.parametrize(
    ("name", "found"), [("acme/mind", 0), ("acme/mnid", 1), ("acne/*", 1), ("acme/v*", 0)]
)
def test_the_operators_price_for_a_name_nobody_has_is_found(desk: Desk, name: str, found: int) -> None:
    role = "tts" if name.startswith("acme/v") else "llm"
    rest = "read: 2026-11-01, source: s, rates: {characters: 1 per 1M}"
    desk.prices = f"{PRICES}  - {{provider: {name}, role: {role}, {rest}}}\n"
    told = [text for _, text in desk.told() if "prices.yaml" in text]
    assert len(told) == found
    assert all(f"a price for {name}" in text for text in told)


def run(*words: str, findings: list[Finding]) -> int:
    parser = argparse.ArgumentParser()
    command.register(parser.add_subparsers(), judge=lambda definition: findings)
    args = parser.parse_args(words)
    return int(args.run(args))


def test_what_is_missing_here_fails_the_check_unless_it_is_offline(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.environment.clear()
    findings = desk.findings(desk.definition({}))
    path = str(desk.folder / "desk.yaml")
    assert run("agents", "check", path, findings=findings) == 1
    assert "ok" not in capsys.readouterr().out
    assert run("agents", "check", "--offline", path, findings=findings) == 0
    told = capsys.readouterr()
    assert "warning: " in told.err
    assert "ok: desk" in told.out


def test_a_name_of_no_role_raises(desk: Desk) -> None:
    registry = Registry(environment={}, vendors={"acme": acme})
    with pytest.raises(ConfigError):
        registry.known_as(Role.STT, "acme/voice")


def test_a_language_without_reading_rules_is_said_at_the_check(desk: Desk) -> None:
    told = desk.told(language="pt-BR")
    (advice,) = [text for weight, text in told if weight == "advice"]
    assert "language: there are no rules for reading numbers, dates and the like in pt-BR" in advice
    assert "fix: write such things in words" in advice


def test_an_entry_with_a_respelling_suits_every_voice(desk: Desk) -> None:
    entry = {"ipa": "ʃɪˈvɔːn", "respelling": "shi vawn"}
    assert desk.told(speech={"pronunciations": {"Siobhan": entry}}) == []
