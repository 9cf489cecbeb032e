"""The operator's own endpoint: its settings, and what hosts of chat completions do differently."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from antiphon.agents.ports import Message
from antiphon.errors import ConfigError, ProviderProtocolError
from antiphon.providers.cerebras import HOST as CEREBRAS
from antiphon.providers.deepseek import HOST as DEEPSEEK
from antiphon.providers.groq import HOST as GROQ
from antiphon.providers.openai.llm import HOST as OPENAI
from antiphon.providers.openai_compatible import (
    Host,
    OpenAiCompatibleConfig,
    OpenAiCompatibleModel,
    config_from_environment,
    wire,
)
from antiphon.providers.openai_compatible.host import ANY
from antiphon.providers.openai_compatible.thoughts import SpokenText


def test_the_settings_come_from_the_environment_and_half_of_them_is_an_error() -> None:
    assert config_from_environment({}) is None
    config = config_from_environment(
        {"ANTIPHON_LLM_URL": "http://localhost:11434/v1", "ANTIPHON_LLM_MODEL": "q"}
    )
    assert config is not None
    assert (config.url, config.model) == ("http://localhost:11434/v1", "q")
    with pytest.raises(ConfigError, match="ANTIPHON_LLM_MODEL"):
        config_from_environment({"ANTIPHON_LLM_URL": "http://x/v1"})
    with pytest.raises(ConfigError, match="not an address"):
        config_from_environment({"ANTIPHON_LLM_URL": "localhost:11434", "ANTIPHON_LLM_MODEL": "q"})


def test_a_key_is_never_shown() -> None:
    assert "abc" not in repr(OpenAiCompatibleConfig(url="http://x", model="m", key="abc"))


def test_without_the_sdk_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ConfigError, match=r"antiphon\[openai\]"):
        OpenAiCompatibleModel(OpenAiCompatibleConfig(url="http://x", model="m"))


ASK = [Message(role="system", content="Be brief."), Message(role="user", content="Hello?")]


@pytest.mark.parametrize(
    ("host", "model", "fields"),
    [
        # GPT-5.4 and later take tools over chat completions only when they do not think; those that cannot
        # help thinking get room for it, and older ones do not know the word.
        (OPENAI, "gpt-6-luna", {"reasoning_effort": "none", "max_completion_tokens": 400}),
        (OPENAI, "gpt-5.4-mini", {"reasoning_effort": "none"}),
        (OPENAI, "gpt-6-astra", {"reasoning_effort": "low", "max_completion_tokens": 1500}),
        (OPENAI, "gpt-5-mini", {"reasoning_effort": "minimal"}),
        (OPENAI, "gpt-4.1-mini", {"temperature": 0.3}),
        (DEEPSEEK, "deepseek-v4-flash", {"thinking": {"type": "disabled"}, "max_tokens": 400}),
        (CEREBRAS, "gpt-oss-120b", {"reasoning_effort": "low", "reasoning_format": "hidden"}),
        (CEREBRAS, "qwen-3.8-27b", {"reasoning_effort": "none"}),
        (GROQ, "openai/gpt-oss-20b", {"reasoning_effort": "low", "include_reasoning": False}),
        (GROQ, "qwen/qwen3.6-27b", {"reasoning_effort": "none", "reasoning_format": "hidden"}),
        (ANY, "llama3.2", {"temperature": 0.3, "max_tokens": 400}),
    ],
)
def test_every_host_is_kept_from_thinking_aloud_in_its_own_way(
    host: Host, model: str, fields: dict[str, Any]
) -> None:
    asked = wire.request(host, model, ASK, ())
    assert asked.items() >= fields.items()


@pytest.mark.parametrize(
    ("model", "unknown"), [("gpt-6-luna", "temperature"), ("gpt-4.1", "reasoning_effort")]
)
def test_openai_gets_no_field_its_model_refuses(model: str, unknown: str) -> None:
    assert unknown not in wire.request(OPENAI, model, ASK, ())


def test_prompts_of_one_agent_meet_in_one_cache_at_openai() -> None:
    def key(system: str) -> str:
        messages = [Message(role="system", content=system), *ASK[1:]]
        return str(wire.request(OPENAI, "gpt-6-luna", messages, ())["prompt_cache_key"])

    assert key("Be brief.") == key("Be brief.") != key("Be kind.")
    assert len(key("Be brief.")) <= 64


def folded(host: Host, *deltas: dict[str, Any], finish: str = "tool_calls") -> wire.Collecting:
    collecting = wire.Collecting(host)
    for number, delta in enumerate(deltas, start=1):
        last = number == len(deltas)
        choice = {"index": 0, "delta": delta, "finish_reason": finish if last else None}
        collecting.take({"choices": [choice]})
    return collecting


def piece(index: int, call: str, name: str | None, arguments: str) -> dict[str, Any]:
    return {"index": index, "id": call, "function": {"name": name, "arguments": arguments}}


def test_a_server_that_counts_every_call_as_the_first_still_makes_two() -> None:
    pieces = [piece(0, "a", "look", '{"x": 1}'), piece(0, "b", "book", "{}")]
    completion = folded(ANY, *({"tool_calls": [one]} for one in pieces)).completion()
    assert [(made.name, made.arguments) for made in completion.tool_calls] == [
        ("look", '{"x": 1}'),
        ("book", "{}"),
    ]


def test_a_server_that_repeats_the_id_with_every_piece_makes_one() -> None:
    pieces = [piece(0, "a", "look", '{"x"'), piece(0, "a", None, ": 1}")]
    (made,) = folded(ANY, *({"tool_calls": [one]} for one in pieces)).completion().tool_calls
    assert made.arguments == '{"x": 1}'


def test_a_call_without_a_name_is_a_protocol_error() -> None:
    with pytest.raises(ProviderProtocolError):
        folded(ANY, {"tool_calls": [piece(0, "a", "", "{}")]}).completion()


def test_thoughts_go_back_to_the_host_that_wants_them_and_to_no_other() -> None:
    """DeepSeek refuses a tool round without the thoughts that led to it."""
    made = folded(
        DEEPSEEK, {"reasoning_content": "They want "}, {"reasoning_content": "today."},
        {"tool_calls": [piece(0, "a", "look", "{}")]},
    ).completion()  # fmt: skip
    said = Message(role="assistant", content=made.text, tool_calls=made.tool_calls)
    result = Message(role="tool", content="{}", tool_call_id="a")
    back = wire.request(DEEPSEEK, "deepseek-v4-pro", [*ASK, said, result], ())["messages"][-2]
    assert back["reasoning_content"] == "They want today."
    other = wire.request(GROQ, "openai/gpt-oss-20b", [*ASK, said, result], ())["messages"][-2]
    assert "today" not in str(other)


@pytest.mark.parametrize(
    ("pieces", "spoken"),
    [
        (["<think>No.</think>Yes."], "Yes."),
        (["<th", "ink>No", "</thi", "nk>", "\n\nYes", "."], "Yes."),
        (["Well, <think>hm</think>yes."], "Well, yes."),
        (["2 < 3 and ", "<b>"], "2 < 3 and <b>"),
        (["a <th"], "a <th"),
        (["<think>cut off"], ""),
        (["  ", "\n", "Yes. "], "Yes. "),
    ],
)
def test_what_stands_between_thinking_tags_is_never_spoken(pieces: list[str], spoken: str) -> None:
    text = SpokenText()
    assert "".join(map(text.feed, pieces)) + text.finish() == spoken


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_tags_are_found_wherever_they_fall_apart(size: int) -> None:
    whole = "One <think>two <thin three</think>four."
    text = SpokenText()
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert "".join(map(text.feed, pieces)) + text.finish() == "One four."
