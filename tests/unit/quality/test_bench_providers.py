"""`antiphon bench providers`: what is measured of whom, on virtual time, and what the report makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.language_model import KEY, Scripted
from tests.doubles.language_model import ScriptedModel as ServedModel
from tests.doubles.openai_chat import OpenAiChat
from tests.doubles.scripted_ports import ScriptedModel, ScriptedStt, ScriptedVoice
from tests.doubles.virtual_loop import live, passes

from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.agents.ports import Message
from antiphon.errors import ConfigError, ProviderUnavailable
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Known, Vendor
from antiphon.quality.bench.measuring import Measured, Sample, measure_llm
from antiphon.quality.bench.providers import TEXTS, bench_providers
from antiphon.quality.bench.report import budget, provider_row, render
from antiphon.speech.shaping import shape

CLINIC = Path(__file__).parents[3] / "agents/clinic.yaml"
RATE_HZ = 8000
WORDS = " ".join(dict.fromkeys(word for text in TEXTS for word in shape(text, "en-US").split()))


class Judge:
    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        await passes(40)
        return 0.5


class Acme:
    """A vendor in memory with one of everything."""

    def __init__(self) -> None:
        self.voice = ScriptedVoice(first_ms=150)
        self.ears = ScriptedStt(WORDS)
        self.mind = ScriptedModel(250, "Of course.")

    def vendor(self, environment: Mapping[str, str]) -> Vendor:
        return Vendor(
            known=lambda role: [Known(name="x", licence="service", state="ready")],
            stt=lambda name: self.ears,
            tts=lambda name: (self.voice, name),
            end_of_turn=lambda name: Judge(),
            llm=lambda name: self.mind,
        )


def agent(**speech: tuple[str, ...]) -> AgentDefinition:
    definition = load_agent(CLINIC)
    named: dict[str, tuple[str, ...]] = {"stt": ("acme/x",), "tts": ("acme/x",), "end_of_turn": ("acme/x",)}
    return dataclasses.replace(
        definition,
        speech=dataclasses.replace(definition.speech, **(named | speech)),
        reasoning=dataclasses.replace(definition.reasoning, models=("acme/x", "flow/front_desk")),
    )


async def bench(acme: Acme, definition: AgentDefinition, rounds: int = 3) -> dict[str, Measured]:
    registry = Registry(environment={}, vendors={"acme": acme.vendor})
    now = datetime(2026, 11, 23, tzinfo=UTC)
    measured = await bench_providers(definition, registry, now, rounds=rounds, sample_rate_hz=RATE_HZ)
    return {f"{each.role} {each.provider}": each for each in measured}


def test_every_provider_is_measured_from_the_first_request_to_the_last() -> None:
    async def story() -> None:
        acme = Acme()
        measured = await bench(acme, agent())
        assert sorted(measured) == ["eot acme/x", "llm acme/x", "stt acme/x", "tts acme/x"]
        assert {len(each.samples) for each in measured.values()} == {3}
        assert measured["tts acme/x"].connect_ms == 150
        assert [sample.first_ms for sample in measured["tts acme/x"].samples] == [150] * 3
        assert [sample.first_ms for sample in measured["llm acme/x"].samples] == [250] * 3
        assert [sample.first_ms for sample in measured["stt acme/x"].samples] == [100] * 3
        assert [sample.first_ms for sample in measured["eot acme/x"].samples] == [40] * 3
        # What the voice said last is what the recogniser heard.
        heard = measured["stt acme/x"].samples[0]
        assert heard.text == shape(TEXTS[3 % len(TEXTS)], "en-US")
        assert heard.audio_ms == 200 * len(heard.text.split())

    live(story())


def test_a_provider_that_fails_or_cannot_be_used_is_in_the_results_with_its_reason() -> None:
    async def story() -> None:
        acme = Acme()
        acme.mind = ScriptedModel(ProviderUnavailable("acme", "overloaded"))
        measured = await bench(acme, agent(stt=("acme/x", "acme/y")))
        assert measured["llm acme/x"].failures == ["acme: overloaded"] * 4
        assert measured["llm acme/x"].connect_ms is None
        (reason,) = measured["stt acme/y"].failures
        assert 'there is no stt "acme/y"' in reason

    live(story())


def test_without_a_voice_there_is_nothing_to_hear() -> None:
    async def story() -> None:
        acme = Acme()
        acme.voice = ScriptedVoice(silent=True)
        with pytest.raises(
            ConfigError, match=r"speech.tts: .*nothing to hear: acme/x: gave no audio\n.*local/piper"
        ):
            await bench(acme, agent())

    live(story())


async def test_a_model_behind_a_real_server_is_measured_too() -> None:
    served = ServedModel(OpenAiChat(), [Scripted(parts=["Of ", "course."])])
    async with HttpVendor(served) as server:
        environment = {
            "ANTIPHON_LLM_URL": f"{server.url}/v1",
            "ANTIPHON_LLM_MODEL": "m",
            "ANTIPHON_LLM_KEY": KEY,
        }
        model = Registry(environment=environment).llm("openai-compatible")
        measured = await measure_llm(
            "openai-compatible", model, [Message(role="user", content="Hello?")], rounds=2
        )
    assert len(server.requests) == 3
    assert [sample.amounts["cached_tokens"] for sample in measured.samples] == [100, 100]
    assert [sample.text for sample in measured.samples] == ["Of course."] * 2


class Cents:
    def cost_usd(self, role: str, provider: str, amounts: dict[str, int]) -> Decimal | None:
        return None if role == "eot" else Decimal("0.01")


def measured(role: str, firsts: list[int], *, audio_ms: int = 0) -> Measured:
    samples = [Sample(first_ms=first, total_ms=2 * first, audio_ms=audio_ms) for first in firsts]
    return Measured(role=role, provider=f"acme/{role}", connect_ms=900, samples=samples)


def test_the_report_has_percentiles_factor_cost_and_who_spends_the_budget() -> None:
    rows = [
        provider_row(each, Cents())
        for each in (
            measured("stt", [100, 110, 120], audio_ms=2000),
            measured("llm", [400, 500, 900]),
            measured("tts", [80, 90, 250], audio_ms=1000),
            measured("eot", [20]),
        )
    ]
    stt, llm, _tts, eot = rows
    assert stt["first_ms"] == {"p50": 110, "p95": 120, "p99": 120}
    assert stt["real_time_factor"] == 0.11
    assert (llm["cost_usd"], eot["cost_usd"]) == ("0.01", None)
    spent = budget(rows)
    assert (spent["p50_ms"], spent["spends_most"]) == (110 + 500 + 90 + 20, "llm")
    over = {stage["role"]: stage["over_ms"] for stage in spent["stages"]}
    assert over == {"stt": 0, "llm": 200, "tts": 0, "eot": 0}
    text = "\n".join(render(rows, spent))
    assert "first token          500 ms  budget 100-300  over by 200  <- spends the most" in text
    assert "a turn with the first of each: p50 720 ms" in text


def test_an_operator_is_told_the_unit_a_missing_price_and_what_is_not_in_the_sum() -> None:
    class Free:
        def cost_usd(self, role: str, provider: str, amounts: dict[str, int]) -> Decimal | None:
            return None

    long = "x" * 50
    rows = [
        provider_row(dataclasses.replace(measured("stt", [100]), provider=long), Free()),
        provider_row(measured("tts", []), Free()),
    ]
    head, _, ears, voice, *rest = render(rows, budget(rows), ["flow/desk was not measured: it asks nobody"])
    assert head.startswith("ms; ")
    assert (ears.split()[1], ears.split()[-3:]) == (long, ["no", "price", "0"])
    assert "price" not in voice, "who was never asked cost nothing"
    assert len(ears) == len(voice), "the columns stand under each other"
    assert rest[0].strip() == "flow/desk was not measured: it asks nobody"
    assert any("(no language model answered): p50 100 ms" in line for line in rest)


def test_only_the_first_of_a_role_counts_for_the_turn_and_one_that_never_answered_does_not() -> None:
    never = measured("tts", [])
    rows: list[dict[str, object]] = [
        provider_row(each, Cents()) for each in (never, measured("tts", [70]), measured("tts", [10]))
    ]
    make: Callable[[list[dict[str, object]]], dict[str, object]] = budget
    assert make(rows)["p50_ms"] == 70
