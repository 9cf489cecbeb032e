"""From an agent file that names several vendors to a call that loses them one after the other."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs
from tests.doubles.scripted_ports import ScriptedModel, ScriptedStt
from tests.doubles.virtual_loop import live
from tests.unit.runtime.stage import RATE_HZ, Stage, StageReasoner, StageTts, settle
from tests.unit.runtime.unified_stage import StageSession

from antiphon.agents.declared import declared_texts
from antiphon.agents.definition import AgentDefinition, load_agent
from antiphon.agents.definition.values import Routing
from antiphon.agents.flows.load import load_flow
from antiphon.agents.llm.reasoner import LlmReasoner
from antiphon.agents.llm.routing import TurnRouter
from antiphon.agents.ports import Effect, Exchange, Message, Tool, ToolCall, ToolContext, ToolResult
from antiphon.agents.tools.toolsets import build_tools
from antiphon.errors import ConfigError, ProviderUnavailable
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Known, Role, Vendor
from antiphon.runtime.assembly import (
    Shared,
    declared_chunks,
    end_of_turn,
    language_models,
    recogniser,
    rehearse,
    unified_model,
    voice,
    voice_activity,
)
from antiphon.runtime.failover.health import HealthBook
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.metering import Meter, Payer, paid_by
from antiphon.runtime.records.lines import read_call
from antiphon.runtime.records.summary import summarise
from antiphon.speech.energy import EnergyActivity
from antiphon.speech.phrases import PhraseCache
from antiphon.speech.ports import TtsRequest
from antiphon.speech.ssml import Shaper, Utterance
from antiphon.storage.blobs import BlobFolder

CLINIC = Path(__file__).parents[3] / "agents/clinic.yaml"
CUT = ProviderUnavailable("acme", "cut")


def vendor(**makers: Any) -> Callable[[Mapping[str, str]], Vendor]:
    def known(role: Role) -> Sequence[Known]:
        return [Known(name=name, licence="service", state="ready") for name in ("one", "two", "three")]

    return lambda environment: Vendor(known=known, **makers)


def shared(tmp_path: Path, **makers: Any) -> Shared:
    registry = Registry(environment={}, vendors={"acme": vendor(**makers)})
    return Shared(registry=registry, home=tmp_path)


def agent(
    models: tuple[str, ...] = (), speech: Mapping[str, tuple[str, ...]] | None = None, **reasoning: Any
) -> AgentDefinition:
    definition = load_agent(CLINIC)
    return dataclasses.replace(
        definition,
        speech=dataclasses.replace(definition.speech, **(speech or {})),
        reasoning=dataclasses.replace(definition.reasoning, models=models, **reasoning),
    )


def test_the_models_of_a_file_are_one_in_its_order_and_flows_are_not_among_them(tmp_path: Path) -> None:
    async def story() -> None:
        made = {"one": ScriptedModel(CUT), "two": ScriptedModel("Hello.")}
        model = language_models(
            agent(("acme/one", "acme/two", "flow/front_desk")), shared(tmp_path, llm=made.__getitem__)
        )
        assert model is not None
        completion = await model.complete([], (), lambda text: None)
        assert completion.text == "Hello."
        assert len(made["one"].asked) == 1

    live(story())


def test_the_judges_of_a_file_are_one_in_its_order_and_without_any_there_is_none(tmp_path: Path) -> None:
    class Judge:
        def __init__(self, score: float | None) -> None:
            self.verdict = score

        async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
            if self.verdict is None:
                raise CUT
            return self.verdict

    async def story() -> None:
        there = shared(tmp_path, end_of_turn={"one": Judge(None), "two": Judge(0.7)}.__getitem__)
        judges = end_of_turn(agent(speech={"end_of_turn": ("acme/one", "acme/two")}), there)
        assert judges is not None
        assert await judges.score(b"", RATE_HZ) == 0.7
        assert set(there.health.states()) == {"eot acme/one", "eot acme/two"}
        assert end_of_turn(agent(speech={"end_of_turn": ()}), there) is None

    live(story())


def test_behind_the_voice_activity_of_a_process_stands_loudness(tmp_path: Path) -> None:
    class Deaf(EnergyActivity):
        def probabilities(self, rows: Any, windows: Any) -> Any:
            raise CUT

    there = shared(tmp_path, voice_activity=lambda name, sample_rate_hz: Deaf(sample_rate_hz))
    health = HealthBook(now_ms=lambda: 0)
    vad = voice_activity("acme/one", there.registry, health, RATE_HZ)
    loud = np.full((1, 288), 0.1, np.float32)
    assert vad.probabilities(np.array([0]), loud)[0] > 0.9
    assert vad.probabilities(np.array([0]), loud * 0)[0] == 0.0


def test_a_flow_behind_the_models_spares_those_that_are_left_alone_only_there(tmp_path: Path) -> None:
    assert agent(("acme/one", "flow/front_desk")).reasoning.flow_is_behind
    assert not agent(("flow/front_desk", "acme/one")).reasoning.flow_is_behind
    assert not agent(("flow/front_desk",)).reasoning.flow_is_behind


def test_a_model_that_hears_and_speaks_by_itself_gets_the_tools_of_its_agent(tmp_path: Path) -> None:
    made: list[str] = []
    there = shared(tmp_path, speech_to_speech=lambda name: made.append(name) or StageSession())
    definition = agent(("unified:acme/one", "flow/front_desk"))
    tools = build_tools(definition, tmp_path)
    model = unified_model(definition, there, tools)
    assert model is not None
    assert (model.name, made) == ("acme/one", ["one"])
    assert [tool.name for tool in model.tools] == list(definition.reasoning.tools)
    assert model.emergency.alarm("my husband just collapsed") is not None
    assert unified_model(agent(("flow/front_desk",)), there, tools) is None
    assert set(there.health.states()) == {"s2s acme/one"}


def test_only_the_operators_own_endpoint_may_be_missing(tmp_path: Path) -> None:
    there = Shared(registry=Registry(environment={}), home=tmp_path)
    assert language_models(agent(("openai-compatible", "flow/front_desk")), there) is None
    half = Shared(registry=Registry(environment={"ANTIPHON_LLM_URL": "http://x/v1"}), home=tmp_path)
    with pytest.raises(ConfigError, match="set ANTIPHON_LLM_MODEL"):
        language_models(agent(("openai-compatible", "flow/front_desk")), half)
    with pytest.raises(ConfigError, match='no llm "acme/one"'):
        language_models(agent(("acme/one",)), there)


async def test_every_voice_speaks_as_itself_and_what_it_said_is_cached_under_its_own_name(
    tmp_path: Path,
) -> None:
    voices = {"one": StageTts(broken=True), "two": StageTts()}
    ours = shared(tmp_path, tts=lambda name: (voices[name], f"voice-{name}"))
    both = voice(agent(speech={"tts": ("acme/one", "acme/two")}), ours)
    request = TtsRequest(text="Hello there.", voice=both.voice, sample_rate_hz=RATE_HZ)
    pcm: list[bytes] = []
    await both.tts.synthesize(request, lambda audio: pcm.append(audio.pcm))
    assert both.voice == "voice-one"
    assert voices["two"].asked == ["Hello there."]
    voices["one"].broken = False
    await both.tts.synthesize(request, lambda audio: pcm.append(audio.pcm))
    assert len(voices["one"].asked) == 2  # Not from what the other voice has said.
    await both.tts.synthesize(request, lambda audio: pcm.append(audio.pcm))
    assert len(voices["one"].asked) == 2


async def test_a_voice_that_is_away_at_start_up_does_not_keep_the_house_shut(tmp_path: Path) -> None:
    voices = {"one": StageTts(broken=True)}
    ours = shared(tmp_path, tts=lambda name: (voices[name], name))
    kit = AgentKit(
        definition=agent(),
        recognisers=[],
        voices=[voice(agent(speech={"tts": ("acme/one",)}), ours)],
        end_of_turn=None,
        shape=lambda text: Utterance(text=text.strip()),
        tools={},
        make_reasoner=StageReasoner,
    )
    with capture_logs() as logs:
        await rehearse(kit)
    assert [log["event"] for log in logs if log["event"] == "rehearsal_failed"] == ["rehearsal_failed"]
    voices["one"].broken = False
    voices["one"].asked.clear()
    await rehearse(kit)
    assert len(voices["one"].asked) > 3


def test_recognisers_are_one_by_the_name_of_the_first(tmp_path: Path) -> None:
    heard = {name: ScriptedStt("a b") for name in ("one", "two")}
    ours = shared(tmp_path, stt=heard.__getitem__)
    name, _ = recogniser(agent(speech={"stt": ("acme/one", "acme/two")}), ours)
    assert name == "acme/one"


def test_a_difficult_turn_goes_to_the_frontier_model_with_the_fast_one_behind_it(tmp_path: Path) -> None:
    async def story() -> None:
        made = {"one": ScriptedModel("Fast."), "two": ScriptedModel("Deep.")}
        policy = Routing(frontier="acme/two", patterns=("insurance",), budget_usd=Decimal(1))
        definition = agent(("acme/one", "acme/two"), routing=policy)
        router = TurnRouter(policy, None)
        model = language_models(definition, shared(tmp_path, llm=made.__getitem__), router)
        assert model is not None
        notes: list[dict[str, Any]] = []
        meter = Meter()
        meter.note = lambda kind, **fields: notes.append({"type": kind, **fields})

        async def ask(text: str) -> str:
            said: list[str] = []
            with paid_by(Payer(meter=meter, reply="r2")):
                await model.complete([Message(role="user", content=text)], (), said.append)
            return "".join(said)

        assert await ask("Tuesday") == "Fast."
        assert await ask("My insurance changed") == "Deep."
        made["two"].steps = (CUT,)
        assert await ask("My insurance changed") == "Fast."
        meter.total_usd = Decimal(2)
        assert await ask("My insurance changed") == "Fast."
        chosen = [(note["provider"], note["reason"]) for note in notes if note["type"] == "model_chosen"]
        assert chosen == [
            ("acme/one", "nothing difficult"),
            ("acme/two", "pattern 1"),
            ("acme/two", "pattern 1"),
            ("acme/one", "pattern 1, but the call has spent 2 USD"),
        ]
        assert {note["reply"] for note in notes if note["type"] == "model_chosen"} == {"r2"}

    live(story())


async def test_a_call_that_loses_its_model_after_a_tool_books_once_and_says_everything_once(
    tmp_path: Path,
) -> None:
    booked: list[str] = []

    async def book(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        booked.append(context.idempotency_key)
        return ToolResult(ok=True, value="booked")

    tool = Tool(name="clinic.book", description="", parameters={}, effect=Effect.WRITE, run=book)
    second = ScriptedModel("You are booked for nine. ", "Goodbye.")

    class Once(ScriptedModel):
        """Answers once, asking for the tool, and is lost after that."""

        async def complete(self, *args: Any) -> Any:
            if self.asked:
                self.steps, self.calls = (CUT,), ()
            return await super().complete(*args)

    once = Once("Let me book that for you. ", calls=[ToolCall(id="c", name="clinic_book", arguments="{}")])
    ours = shared(tmp_path, llm={"one": once, "two": second}.__getitem__)
    definition = agent(("acme/one", "acme/two"))
    model = language_models(definition, ours)
    assert model is not None
    stage = Stage(tmp_path, reasoner=LlmReasoner(definition, model, [tool]), tools=[tool])
    await stage.begin(greet=False)
    stage.line.hear_out("r1")
    await settle()
    await stage.says("Book me for nine please")
    async with asyncio.timeout(10):
        while not second.asked:  # The intent is on the disk before the tool runs.
            await settle()
    await settle()
    stage.call.end(now=True)
    await stage.call.wait_ended()
    summary = summarise(read_call(stage.trace.path))
    assert len(booked) == 1
    (turn,) = summary["turns"]
    assert turn["agent_said"] == "Let me book that for you. You are booked for nine. Goodbye."
    assert [error["what"] for error in summary["errors"]] == ["model_failed"]
    providers = {item["provider"]: item["requests"] for item in summary["cost"]["stages"]}
    assert providers == {"acme/one": 1, "acme/two": 1}


class Warm(StageReasoner):
    def __init__(self) -> None:
        super().__init__()
        self.warmed: list[int] = []

    async def warm(self, history: Sequence[Exchange]) -> None:
        self.warmed.append(len(history))


async def test_while_the_caller_speaks_the_reply_is_warmed_once_for_each_state_of_the_call(
    tmp_path: Path,
) -> None:
    reasoner = Warm()
    stage = Stage(tmp_path, reasoner=reasoner)
    await stage.begin()
    for _ in range(3):
        stage.call.speech_started(onset_ms=stage.clock.now_ms)
        await settle()
    assert reasoner.warmed == [1]
    await stage.says("Tuesday")
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    await settle()
    assert reasoner.warmed == [1, 2]


async def test_the_agents_own_words_outlive_the_process_and_a_callers_name_does_not(
    tmp_path: Path,
) -> None:
    """A second process with the same folder asks the voice for nothing it rehearses."""
    definition = agent(speech={"tts": ("acme/one",)})
    asked = []
    for _ in range(2):
        voices = {"one": StageTts()}
        ours = dataclasses.replace(
            shared(tmp_path, tts=lambda name, voices=voices: (voices[name], name)),
            phrases=PhraseCache(BlobFolder(tmp_path / "phrases", max_bytes=1 << 24)),
        )
        ours.declared.update(declared_chunks(definition, None))
        spoken = voice(definition, ours)
        kit = AgentKit(
            definition=definition,
            recognisers=[],
            voices=[spoken],
            end_of_turn=None,
            shape=Shaper(definition.language).utterance,
            tools={},
            make_reasoner=StageReasoner,
        )
        await rehearse(kit)
        rehearsed = len(voices["one"].asked)
        request = TtsRequest(text="You are booked, Ana Lopez.", voice="one", sample_rate_hz=RATE_HZ)
        notes: list[str] = []
        meter = Meter()
        meter.note = lambda kind, notes=notes, **fields: notes.append(kind)
        with paid_by(Payer(meter=meter)):
            await spoken.tts.synthesize(request, lambda audio: None)
            await spoken.tts.synthesize(request, lambda audio: None)
        assert notes.count("phrase_cached") == 1
        asked.append((rehearsed, len(voices["one"].asked) - rehearsed))
    assert asked[0][0] > 3
    assert asked[1] == (0, 1)
    held = b"".join(file.read_bytes() for file in (tmp_path / "phrases").iterdir())
    assert b"Let me check that." in held
    assert b"Lopez" not in held


def test_templates_of_a_flow_are_not_declared_words_and_its_fixed_questions_are() -> None:
    definition = load_agent(CLINIC)
    assert definition.reasoning.flow_path is not None
    flow = load_flow(definition.reasoning.flow_path, definition.reasoning.tools)
    texts = declared_texts(definition, flow)
    assert {definition.policy.trouble, flow.phrases.silence, *flow.phrases.still_there} <= set(texts)
    assert {item.text for item in definition.disclosures} <= set(texts)
    assert not [text for text in texts if "{" in text or "[" in text]
