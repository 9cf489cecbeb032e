"""`antiphon bench providers` on what there is here: the vendors' doubles behind the real SDKs, and the
embedded set."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

import pytest
from tests.conformance.speech_vendors import Gemini, OpenAi, SpeechVendor
from tests.doubles.clinic_call import Clinic
from tests.doubles.clinic_faults import FLOW
from tests.doubles.faults import Fault, Faulty
from tests.doubles.openai_realtime import Script
from tests.doubles.paced_loop import live_with_sockets
from tests.unit.agents.dialogue import AGENTS, NOW

from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.providers.local.models import is_installed
from antiphon.providers.prices import load_prices
from antiphon.providers.registry import Registry
from antiphon.quality.bench.measuring import Measured
from antiphon.quality.bench.providers import TEXTS, bench_providers
from antiphon.quality.bench.report import budget, provider_row, render
from antiphon.speech.ports import SpeechToSpeech
from antiphon.speech.shaping import shape

EARS = ("deepgram/nova-3", "assemblyai/universal-streaming-english")
MINDS = ("anthropic/claude-haiku-5-5", "openai/gpt-6-luna")
VOICES = (
    "elevenlabs/JBFqnCBsd6RMkjVDRZzb",
    "cartesia/6ccbfb76-1fc6-48f7-b71d-91ac6298247b",
    "rime/coda/astra",
)
ROUNDS = 2


def without_judges(definition: AgentDefinition) -> AgentDefinition:
    speech = dataclasses.replace(definition.speech, end_of_turn=())
    return dataclasses.replace(definition, speech=speech)


def test_every_configured_vendor_is_measured_and_priced_on_its_double(tmp_path: Path) -> None:
    found: list[Measured] = []

    async def story() -> None:
        async with Clinic(tmp_path, EARS, [*MINDS, FLOW], VOICES) as clinic:
            registry = Registry(environment=clinic.environment)
            agent = without_judges(clinic.definition())
            found.extend(await bench_providers(agent, registry, NOW, rounds=ROUNDS, sample_rate_hz=8_000))

    live_with_sockets(story())
    assert [each.provider for each in found] == [*EARS, *MINDS, *VOICES]
    assert [each.failures for each in found] == [[]] * len(found)
    said = [shape(TEXTS[ROUNDS % len(TEXTS)], "en-US").casefold()]
    heard = [sample.text.casefold() for each in found[:2] for sample in each.samples]
    assert [text.rstrip(".?") for text in heard] == [text.rstrip(".?") for text in said * 2 * ROUNDS]
    prices = load_prices({}, today=NOW.date())
    rows = [provider_row(each, prices) for each in found]
    assert all(row["requests"] == ROUNDS and float(row["cost_usd"]) > 0 for row in rows), rows
    assert all(row["real_time_factor"] is not None for row in rows if row["role"] != "llm")
    spent = budget(rows)
    assert [stage["provider"] for stage in spent["stages"]] == [EARS[0], MINDS[0], VOICES[0]]
    text = "\n".join(render(rows, spent))
    assert all(name in text for name in (*EARS, *MINDS, *VOICES))


def test_a_vendor_that_is_away_is_told_and_the_others_are_measured(tmp_path: Path) -> None:
    found: dict[str, Measured] = {}

    async def story() -> None:
        async with Clinic(tmp_path, EARS[:1], [*MINDS[:1], FLOW], VOICES[:2]) as clinic:
            clinic.doubles["tts", VOICES[0]].faulty.fault = Fault.AUTH
            registry = Registry(environment=clinic.environment)
            agent = without_judges(clinic.definition())
            for each in await bench_providers(agent, registry, NOW, rounds=1, sample_rate_hz=8_000):
                found[each.provider] = each

    live_with_sockets(story())
    assert len(found[VOICES[0]].failures) == 2 and not found[VOICES[0]].samples
    assert all(len(found[name].samples) == 1 for name in (EARS[0], MINDS[0], VOICES[1]))


class _Beside(Registry):
    """A speech-to-speech vendor's double beside the voice it is to hear."""

    def __init__(self, voices: dict[str, str], vendor: SpeechVendor, double: object) -> None:
        super().__init__(environment=voices)
        self._whole = vendor.registry(double)  # type: ignore[arg-type]

    def speech_to_speech(self, name: str) -> SpeechToSpeech:
        return self._whole.speech_to_speech(name)


@pytest.mark.parametrize("vendor", [OpenAi(), Gemini()], ids=lambda vendor: vendor.name)
def test_a_model_that_hears_and_speaks_by_itself_is_measured_as_a_whole(
    vendor: SpeechVendor, tmp_path: Path
) -> None:
    found: list[Measured] = []
    script = Script()

    async def story() -> None:
        async with (
            Clinic(tmp_path, EARS[:1], [FLOW], VOICES[:1]) as clinic,
            vendor.double(script, Faulty()) as double,
        ):
            agent = without_judges(clinic.definition())
            models = (f"unified:{vendor.unified}", *agent.reasoning.models)
            agent = dataclasses.replace(agent, reasoning=dataclasses.replace(agent.reasoning, models=models))
            registry = _Beside(clinic.environment, vendor, double)
            found.extend(await bench_providers(agent, registry, NOW, rounds=ROUNDS, sample_rate_hz=8_000))

    live_with_sockets(story())
    whole = found[0]
    assert (whole.role, whole.provider, whole.failures) == ("s2s", vendor.unified, [])
    rows = [provider_row(each, load_prices({}, today=NOW.date())) for each in found]
    assert rows[0]["requests"] == ROUNDS and float(rows[0]["cost_usd"]) > 0
    told = [bill["output_audio_tokens"] for bill in script.bills]  # The first answer is to warm up.
    assert [sample.amounts["output_audio_tokens"] for sample in whole.samples] == told[-ROUNDS:]
    spent = budget(rows)
    assert [stage["role"] for stage in spent["stages"]] == ["s2s"], (
        "it takes the turn; the others stand behind"
    )
    assert spent["stages"][0]["budget_ms"] == [200, 650]


@pytest.mark.models
@pytest.mark.own_pace
async def test_the_embedded_set_is_measured_as_it_is_shipped() -> None:
    agent = load_agent(AGENTS / "clinic.yaml")
    for model in ("whisper-tiny.en", "piper-joe", "smart-turn-v3.2"):
        if not is_installed(model):
            pytest.skip(f"the model {model} is not installed: antiphon models fetch {model}")
    found = await bench_providers(
        agent, Registry(environment={}), datetime.now(agent.zone), rounds=1, sample_rate_hz=8_000
    )
    prices = load_prices({}, today=NOW.date())
    rows = {(each.role, each.provider): provider_row(each, prices) for each in found}
    assert {role for role, _ in rows} == {"eot", "stt", "tts"}
    assert all(row["requests"] == 1 and not row["failures"] for row in rows.values()), rows
    assert {row["cost_usd"] for (role, _), row in rows.items() if role != "eot"} == {"0"}
    assert rows["tts", "local/piper-joe"]["real_time_factor"] > 0
