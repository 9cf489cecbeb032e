"""Claude's prompt cache, thoughts and errors, beyond what every language model owes a call."""

from __future__ import annotations

import dataclasses
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from tests.doubles.anthropic_messages import SIGNATURE, AnthropicMessages
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.language_model import KEY, Called, Scripted, ScriptedModel, Thought

from antiphon.agents.ports import Effect, Message, Tool, ToolContext, ToolResult, WarmsPrompts
from antiphon.errors import ConfigError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.anthropic import wire
from antiphon.providers.anthropic.llm import AnthropicConfig, AnthropicModel


async def _never(arguments: Any, context: ToolContext) -> ToolResult:
    raise AssertionError("adapters run no tools")


def tool(name: str) -> Tool:
    return Tool(name=name, description="d", parameters={"type": "object"}, effect=Effect.NONE, run=_never)


TOOLS = [tool("look"), tool("book")]
SYSTEM = Message(role="system", content="You are Robin.", cache=True)
GREETING = Message(role="assistant", content="Hello.", cache=True)
MOMENT = Message(role="system", content="It is Monday.")
ASK = Message(role="user", content="Are you open?")


def model(vendor: HttpVendor, name: str = "claude-haiku-5-5") -> AnthropicModel:
    return AnthropicModel(AnthropicConfig(model=name, key=KEY, url=vendor.url))


async def test_breakpoints_end_tools_instructions_and_settled_history() -> None:
    double = ScriptedModel(AnthropicMessages(), [Scripted(parts=["Yes."])])
    async with HttpVendor(double) as vendor:
        await model(vendor).complete([SYSTEM, GREETING, MOMENT, ASK], TOOLS, lambda text: None)
        body = vendor.requests[0].json
    (asked,) = double.asked
    assert asked.system_marked and asked.tools_marked and asked.marks == 3
    assert [(turn.text, turn.marked) for turn in asked.turns] == [
        ("(The call begins.)", False),
        ("Hello.", True),
        ("<note>It is Monday.</note>\nAre you open?", False),
    ]
    assert "cache_control" in body["tools"][-1] and "cache_control" not in body["tools"][0]


async def test_what_is_cached_is_the_same_to_the_byte_in_the_next_turn() -> None:
    """A prefix is read from the cache only as far as every byte of it is the same."""
    later = [Message(role="user", content="Hm"), Message(role="assistant", content="We are.", cache=True)]
    first = wire.request("claude-haiku-5-5", [SYSTEM, GREETING, MOMENT, ASK], TOOLS)
    greeting = dataclasses.replace(GREETING, cache=False)
    second = wire.request("claude-haiku-5-5", [SYSTEM, greeting, *later, MOMENT, ASK], TOOLS)

    def settled(request: dict[str, Any], messages: int) -> str:
        kept = json.dumps([request["tools"], request["system"], request["messages"][:messages]])
        return kept.replace(', "cache_control": {"type": "ephemeral"}', "")

    assert settled(first, 2) == settled(second, 2)
    assert "Monday" not in settled(second, 4)


async def test_unmarked_messages_get_no_breakpoint() -> None:
    plain = [dataclasses.replace(SYSTEM, cache=False), ASK]
    assert "cache_control" not in json.dumps(wire.request("claude-haiku-5-5", plain, TOOLS))


async def test_the_cache_is_filled_before_the_caller_has_finished_and_nothing_is_generated() -> None:
    double = ScriptedModel(AnthropicMessages(), [Scripted(parts=["Yes."])])
    async with HttpVendor(double) as vendor:
        claude = model(vendor)
        assert isinstance(claude, WarmsPrompts)
        usage = await claude.warm([SYSTEM, GREETING], TOOLS)
        await claude.complete([SYSTEM, GREETING, MOMENT, ASK], TOOLS, lambda text: None)
        warmed, asked = (request.json for request in vendor.requests)
    assert (warmed["max_tokens"], warmed.get("stream")) == (0, None)
    assert (usage.input_tokens, usage.cache_write_tokens, usage.output_tokens) == (120, 8, 0)
    for part in ("tools", "system", "thinking"):
        assert warmed[part] == asked[part], part
    assert warmed["messages"][:2] == asked["messages"][:2]
    assert warmed["messages"][-1]["role"] == "user"


async def test_thoughts_go_back_signed_before_the_calls_they_led_to() -> None:
    thinking = Scripted(parts=[Thought("They want today."), Called(name="look")])
    double = ScriptedModel(AnthropicMessages(), [thinking, Scripted(parts=["Yes."])])
    async with HttpVendor(double) as vendor:
        sonnet = model(vendor, "claude-sonnet-5-5")
        asked = await sonnet.complete([SYSTEM, ASK], TOOLS, lambda text: None)
        said = Message(role="assistant", content=asked.text, tool_calls=asked.tool_calls)
        result = Message(role="tool", content="{}", tool_call_id=asked.tool_calls[0].id)
        await sonnet.complete([SYSTEM, ASK, said, result], TOOLS, lambda text: None)
    (turn,) = [turn for turn in double.asked[1].turns if turn.calls]
    assert json.loads(turn.returned) == [
        {"type": "thinking", "thinking": "They want today.", "signature": SIGNATURE}
    ]
    assert "today" not in repr(asked.tool_calls)


@pytest.mark.parametrize(
    ("name", "thinking", "effort", "tokens"),
    [
        ("claude-haiku-5-5", {"type": "disabled"}, None, 400),
        ("claude-sonnet-5-5", {"type": "between_tools"}, None, 400),
        ("claude-opus-5-5", None, "low", 1500),
        ("claude-opus-5", {"type": "disabled"}, None, 400),
        ("claude-fable-5-2", None, "low", 1500),
        ("claude-haiku-4-5", None, None, 400),
    ],
)
def test_every_model_thinks_as_little_as_it_can(
    name: str, thinking: object, effort: str | None, tokens: int
) -> None:
    asked = wire.request(name, [SYSTEM, ASK], ())
    assert asked.get("thinking") == thinking
    assert asked.get("output_config", {}).get("effort") == effort
    assert asked["max_tokens"] == tokens
    assert "temperature" not in asked  # From 5.5 on anything but the default is refused.


def told(kind: str, **more: Any) -> SimpleNamespace:
    return SimpleNamespace(type=kind, **more)


def test_a_model_that_declines_is_followed_by_the_next_way_to_reason() -> None:
    collecting = wire.Collecting()
    usage = SimpleNamespace(
        input_tokens=None, cache_read_input_tokens=None, cache_creation_input_tokens=None, output_tokens=1
    )
    collecting.take(told("message_delta", delta=SimpleNamespace(stop_reason="refusal"), usage=usage))
    collecting.take(told("message_stop"))
    with pytest.raises(ProviderProtocolError, match="declined"):
        collecting.completion()


def test_events_and_blocks_we_do_not_know_are_left_alone() -> None:
    collecting = wire.Collecting()
    collecting.take(told("something_new"))
    collecting.take(told("content_block_start", content_block=told("something_new")))
    collecting.take(told("content_block_delta", delta=told("something_new_delta")))
    collecting.take(told("message_stop"))
    assert collecting.completion().text == ""


@pytest.mark.parametrize("kind", ["overloaded_error", "api_error", "rate_limit_error", None])
def test_an_error_inside_the_stream_that_passes_is_unavailable(kind: str | None) -> None:
    assert type(wire.told_error(kind)) is ProviderUnavailable


@pytest.mark.parametrize("kind", ["billing_error", "authentication_error", "invalid_request_error"])
def test_an_error_inside_the_stream_that_stays_is_rejected(kind: str) -> None:
    assert type(wire.told_error(kind)) is ProviderRejected


def test_without_the_sdk_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anthropic", None)
    with pytest.raises(ConfigError, match=r"antiphon\[anthropic\]"):
        AnthropicModel(AnthropicConfig(model="m", key="k"))
