"""Gemini's contents, signatures and errors, beyond what every language model owes a call."""

from __future__ import annotations

import base64
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from google.genai import types
from tests.doubles.gemini_generate import SIGNATURE, SKIP, GeminiGenerate
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.language_model import KEY, Called, Scripted, ScriptedModel
from tests.doubles.tls import tls_for_localhost

from antiphon.agents.ports import Message, ToolCall
from antiphon.errors import ConfigError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.gemini import wire
from antiphon.providers.gemini.llm import GeminiConfig, GeminiModel

ASK = Message(role="user", content="Are you open?")


async def test_the_signature_of_a_call_goes_back_with_it() -> None:
    """A tool round whose first call is not signed is refused by the vendor."""
    double = ScriptedModel(
        GeminiGenerate(), [Scripted(parts=[Called(name="look")]), Scripted(parts=["Yes."])]
    )
    async with HttpVendor(double) as vendor:
        gemini = GeminiModel(GeminiConfig(model="gemini-3.8-flash", key=KEY, url=vendor.url))
        asked = await gemini.complete([ASK], (), lambda text: None)
        said = Message(role="assistant", content="", tool_calls=asked.tool_calls)
        result = Message(role="tool", content="fine", tool_call_id=asked.tool_calls[0].id)
        await gemini.complete([ASK, said, result], (), lambda text: None)
        await gemini.aclose()
    called, told = double.asked[1].turns[-2:]
    assert base64.b64decode(called.returned) == SIGNATURE
    assert told.text == '{"result": "fine"}'


def test_a_call_without_a_signature_of_ours_says_so() -> None:
    made = ToolCall(id="a", name="look", arguments='{"x": 1}', opaque="anthropic:[]")
    said = Message(role="assistant", content="", tool_calls=(made, made))
    first, second = wire.request("gemini-3.8-flash", [ASK, said], ())["contents"][-1]["parts"]
    assert base64.b64decode(first["thought_signature"]) == SKIP
    assert "thought_signature" not in second


@pytest.mark.parametrize(
    ("name", "thinking"),
    [
        ("gemini-3.8-flash", {"thinking_level": "LOW", "include_thoughts": False}),
        ("gemini-4-argon", {"thinking_level": "LOW", "include_thoughts": False}),
        ("gemini-2.5-flash", {"thinking_budget": 0}),
        ("gemini-2.5-pro", {"thinking_budget": 128, "include_thoughts": False}),
        ("something-else", {"include_thoughts": False}),
    ],
)
def test_every_model_thinks_as_little_as_it_can(name: str, thinking: dict[str, Any]) -> None:
    config = wire.request(name, [ASK], ())["config"]
    assert config["thinking_config"] == thinking
    types.GenerateContentConfig.model_validate(config)


def collected(**fields: Any) -> wire.Collecting:
    collecting = wire.Collecting()
    collecting.take(types.GenerateContentResponse(**fields))
    return collecting


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT", "MALFORMED_FUNCTION_CALL"])
def test_an_answer_that_was_withheld_is_no_answer(reason: str) -> None:
    candidate = types.Candidate(finish_reason=types.FinishReason(reason))
    with pytest.raises(ProviderProtocolError, match=reason):
        collected(candidates=[candidate]).completion()


def test_a_prompt_that_was_blocked_is_told() -> None:
    feedback = types.GenerateContentResponsePromptFeedback(block_reason=types.BlockedReason.SAFETY)
    with pytest.raises(ProviderProtocolError, match="withheld"):
        collected(prompt_feedback=feedback).completion()


def error(status: int, **detail: str) -> Any:
    return wire.told_error(status, {"error": {"code": status, "details": [detail]}}, {})


def test_a_key_the_vendor_does_not_know_is_a_400_with_a_reason() -> None:
    told = error(400, reason="API_KEY_INVALID")
    assert type(told) is ProviderRejected
    assert "key" in str(told)


def test_when_to_come_again_stands_in_the_details() -> None:
    told = error(429, retryDelay="3.5s")
    assert isinstance(told, ProviderUnavailable)
    assert told.retry_after_ms == 3_500


@pytest.mark.parametrize("body", [None, "no", {"error": "no"}, {"error": {"details": "no"}}, []])
def test_an_error_of_any_shape_is_an_error(body: Any) -> None:
    assert type(wire.told_error(503, body, {})) is ProviderUnavailable


def test_a_call_without_a_name_is_a_protocol_error() -> None:
    part = SimpleNamespace(function_call=SimpleNamespace(name="", args={}, id=""), thought_signature=None)
    candidate = SimpleNamespace(content=SimpleNamespace(parts=[part]), finish_reason=None)
    response = SimpleNamespace(candidates=[candidate], usage_metadata=None, prompt_feedback=None)
    with pytest.raises(ProviderProtocolError):
        wire.Collecting().take(response)


async def test_it_speaks_tls_to_whom_the_operator_trusts_and_to_nobody_else(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, authority = tls_for_localhost(tmp_path)
    double = ScriptedModel(GeminiGenerate(), [Scripted(parts=["Yes."])])
    async with HttpVendor(double, tls=context) as vendor:
        config = GeminiConfig(model="gemini-3.8-flash", key=KEY, url=vendor.url)
        with pytest.raises(ProviderUnavailable, match="cannot be reached"):
            await GeminiModel(config).complete([ASK], (), lambda text: None)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        assert (await GeminiModel(config).complete([ASK], (), lambda text: None)).text == "Yes."


def test_without_the_sdk_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.genai", None)
    with pytest.raises(ConfigError, match=r"antiphon\[google\]"):
        GeminiModel(GeminiConfig(model="m", key="k"))
