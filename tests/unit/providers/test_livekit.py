"""Plugins written for livekit-agents as providers, by the names an agent file gives them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from livekit.agents import APIConnectionError, APITimeoutError
from tests.doubles import livekit_plugin as acme

from antiphon.agents.ports import Effect, Message, Tool, ToolContext, ToolResult, Usage
from antiphon.errors import ConfigError, ProviderError, ProviderRejected, ProviderUnavailable
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Role
from antiphon.speech.ports import SttConfig, SttEvent, Transcript, TtsAudio, TtsRequest

RATE_HZ = 8000
ASK = [
    Message(role="system", content="Be kind.", cache=True),
    Message(role="assistant", content="Hello.", cache=True),
    Message(role="user", content="Hi"),
]


async def _never(arguments: Any, context: ToolContext) -> ToolResult:
    raise AssertionError("adapters run no tools")


LOOK = Tool(
    name="look", description="To look.", effect=Effect.NONE, run=_never,
    parameters={"type": "object", "properties": {"day": {"type": "string"}}},
)  # fmt: skip


@pytest.fixture(autouse=True)
def plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    acme.install(monkeypatch)
    acme.AcmeLlm.asked.clear()
    acme.AcmeLlm.script.clear()
    acme.AcmeLlm.cancelled.clear()
    acme.AcmeTts.fails = None
    acme.AcmeStt.words, acme.AcmeStt.breaks_after_ms, acme.AcmeStt.opened = (), 0, 0
    yield


@pytest.fixture
def registry() -> Registry:
    return Registry(environment={})


async def test_a_plugins_model_streams_and_what_stands_behind_the_colon_is_its_model(
    registry: Registry,
) -> None:
    acme.AcmeLlm.script[:] = [
        [acme.text("<think>hm</think>"), acme.text("Good "), acme.text("day."), acme.usage(120, 100, 9)]
    ]
    heard: list[str] = []
    told: list[Usage] = []
    model = registry.llm("livekit/acme.LLM:large-2")
    completion = await model.complete(ASK, [LOOK], heard.append, told.append)
    assert heard == ["Good ", "day."]
    assert completion.text == "Good day."
    assert completion.usage == told[-1] == Usage(input_tokens=120, cached_tokens=100, output_tokens=9)
    context, tools = acme.AcmeLlm.asked[0]
    assert [(item.role, item.text_content) for item in context.messages()] == [
        ("system", "Be kind."), ("user", "(The call begins.)"), ("assistant", "Hello."), ("user", "Hi"),
    ]  # fmt: skip
    assert tools[0].info.raw_schema["parameters"]["properties"] == {"day": {"type": "string"}}


async def test_a_cancelled_answer_ends_the_plugins_request_at_once(registry: Registry) -> None:
    acme.AcmeLlm.script[:] = [[acme.text("Good "), asyncio.Event(), acme.text("day.")]]
    speaking = asyncio.Event()
    model = registry.llm("livekit/acme.LLM")
    asking = asyncio.create_task(model.complete(ASK, (), lambda text: speaking.set()))
    await speaking.wait()
    began_s = asyncio.get_running_loop().time()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert asyncio.get_running_loop().time() - began_s < 0.05
    assert acme.AcmeLlm.cancelled.is_set()


async def test_a_tool_round_goes_through_with_what_the_plugin_wants_back(registry: Registry) -> None:
    signed = {"google": {"thought_signature": "s"}}
    acme.AcmeLlm.script[:] = [[acme.called("look", '{"day": "today"}', signed)], [acme.text("Yes.")]]
    model = registry.llm("livekit/acme.LLM")
    asked = await model.complete(ASK, [LOOK], lambda text: None)
    said = Message(role="assistant", content="", tool_calls=asked.tool_calls)
    result = Message(role="tool", content="fine", tool_call_id=asked.tool_calls[0].id)
    completion = await model.complete([*ASK, said, result], [LOOK], lambda text: None)
    assert completion.text == "Yes."
    call, output = acme.AcmeLlm.asked[1][0].items[-2:]
    assert (call.type, call.name, call.extra) == ("function_call", "look", signed)
    assert (output.type, output.name, output.output) == ("function_call_output", "look", "fine")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (acme.refused(401), ProviderRejected),
        (acme.refused(429), ProviderUnavailable),
        (acme.refused(503), ProviderUnavailable),
        (APIConnectionError("gone"), ProviderUnavailable),
        (APITimeoutError("late"), ProviderUnavailable),
    ],
)
async def test_a_plugins_errors_say_who_must_act(
    error: Exception, expected: type[ProviderError], registry: Registry
) -> None:
    acme.AcmeLlm.script[:] = [[acme.text("Go"), error]]
    with pytest.raises(expected):
        await registry.llm("livekit/acme.LLM").complete(ASK, (), lambda text: None)
    assert len(acme.AcmeLlm.asked) == 1


def test_names_that_are_no_plugin_are_told_with_what_to_do(registry: Registry) -> None:
    for name, fix in (
        ("livekit/nobody.LLM", "pip install livekit-plugins-nobody"),
        ("livekit/acme.Nothing", "livekit-plugins-acme"),
        ("livekit/acme.TTS", "another role"),
        ("livekit/LLM", "livekit/acme.LLM"),
        ("livekit/os.system", "pip install"),
    ):
        with pytest.raises(ConfigError, match=fix.replace(".", r"\.")):
            registry.llm(name)


@pytest.mark.parametrize(
    ("name", "said", "here"),
    [
        ("livekit/nobody.LLM", "pip install livekit-plugins-nobody", True),
        ("livekit/acme.Nothing", "livekit-plugins-acme", False),
        ("livekit/acme.TTS", "another role", False),
        ("livekit/acme.Keyless", "ACME_API_KEY must be set", True),
        ("livekit/openai.LLM:gpt-6-luna", "OPENAI_API_KEY", True),
    ],
)
def test_a_plugin_that_would_not_work_is_found_when_the_agent_file_is_checked(
    name: str, said: str, here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    acme.install(monkeypatch, alone=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found = Registry(environment={}).objection(Role.LLM, name)
    assert found is not None
    assert said in f"{found.message} {found.fix}"
    assert found.here == here


def test_nothing_stands_against_a_plugin_that_can_be_made(registry: Registry) -> None:
    for role, name in ((Role.LLM, "acme.LLM"), (Role.STT, "acme.STT:one"), (Role.TTS, "acme.TTS:nova")):
        assert registry.objection(role, f"livekit/{name}") is None


async def test_a_plugin_without_its_key_is_unavailable_and_says_which(registry: Registry) -> None:
    with pytest.raises(ProviderUnavailable, match="ACME_API_KEY"):
        await registry.llm("livekit/acme.Keyless").complete(ASK, (), lambda text: None)


def test_the_matrix_has_it_for_every_role_it_can_have(registry: Registry) -> None:
    for role in (Role.LLM, Role.STT, Role.TTS):
        known = dict(registry.matrix(role))["livekit"]
        assert (known.any_name, known.extra) == (True, "livekit")


async def test_a_plugins_voice_is_heard_in_mono_at_the_lines_rate(registry: Registry) -> None:
    tts, voice = registry.tts("livekit/acme.TTS:nova")
    audio: list[TtsAudio] = []
    request = TtsRequest(text="Good morning.", voice=voice, sample_rate_hz=RATE_HZ)
    await tts.synthesize(request, audio.append)
    samples = np.frombuffer(b"".join(piece.pcm for piece in audio), "<i2")
    # The plugin's own framing ends with up to 10 ms of silence.
    assert 0 <= len(samples) - 2 * acme.WORD_MS * RATE_HZ // 1000 <= 10 * RATE_HZ // 1000
    assert abs(int(np.median(samples)) - 2000) <= 2
    assert voice == "nova"


async def test_a_voice_with_nothing_to_say_is_not_asked_and_one_that_fails_says_so(
    registry: Registry,
) -> None:
    tts, voice = registry.tts("livekit/acme.TTS")
    acme.AcmeTts.fails = acme.refused(429)
    await tts.synthesize(TtsRequest(text="...", voice=voice, sample_rate_hz=RATE_HZ), lambda audio: None)
    with pytest.raises(ProviderUnavailable):
        await tts.synthesize(
            TtsRequest(text="Good day.", voice=voice, sample_rate_hz=RATE_HZ), lambda audio: None
        )


class Ear:
    """Keeps what was understood, and waits for finals."""

    def __init__(self) -> None:
        self.partials: list[str] = []
        self.finals: asyncio.Queue[Transcript] = asyncio.Queue()

    def __call__(self, event: SttEvent) -> None:
        assert isinstance(event, Transcript)
        if event.final:
            self.finals.put_nowait(event)
        else:
            self.partials.append(event.text)

    async def final(self) -> Transcript:
        return await asyncio.wait_for(self.finals.get(), 10)


def sound(length_ms: int) -> bytes:
    return b"\x10\x00" * (RATE_HZ * length_ms // 1000)


async def test_a_plugins_recogniser_answers_every_end_of_speech_once(registry: Registry) -> None:
    acme.AcmeStt.words = ["I", "would", "like", "a", "physical"]
    ear = Ear()
    stream = registry.stt("livekit/acme.STT:large").open(SttConfig(sample_rate_hz=RATE_HZ), ear)
    for words in (3, 2):
        stream.speech_started()
        stream.push(sound(words * 100))
        stream.speech_stopped()
        final = await ear.final()
        assert final.text == " ".join(acme.AcmeStt.words[:words])
        assert not final.lost
        stream.turn_committed()
    assert ear.partials[0] == "I"
    assert ear.finals.empty()
    await stream.aclose()


async def test_a_recogniser_that_breaks_hears_the_utterance_again(registry: Registry) -> None:
    acme.AcmeStt.words = ["I", "would", "like", "a", "physical"]
    acme.AcmeStt.breaks_after_ms = 300
    ear = Ear()
    stream = registry.stt("livekit/acme.STT").open(SttConfig(sample_rate_hz=RATE_HZ), ear)
    stream.speech_started()
    stream.push(sound(500))
    stream.speech_stopped()
    final = await ear.final()
    assert final.text == "I would like a physical"
    assert acme.AcmeStt.opened == 2
    await stream.aclose()
