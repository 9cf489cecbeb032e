"""What a call looks like as spans."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from langfuse._client.attributes import LangfuseOtelSpanAttributes as Langfuse
from tests.unit.operations.telemetry.told_call import NUMBER, SAID, tell_call

from antiphon.operations.telemetry import conventions as names
from antiphon.operations.telemetry.redacting import redacted
from antiphon.operations.telemetry.settings import Content
from antiphon.operations.telemetry.spans import Span, span_number, trace_number
from antiphon.operations.telemetry.tree import call_span, caller_number, common_attributes
from antiphon.operations.telemetry.words import Words
from antiphon.runtime.records.lines import CallRecord, read_call

TRACES = Path(__file__).parents[3] / "golden" / "traces"


@pytest.fixture
def record(tmp_path: Path) -> CallRecord:
    return read_call(tell_call(tmp_path))


def tree(record: CallRecord, content: Content = Content.NONE) -> dict[str, Span]:
    return {span.key: span for span, _ in call_span(record, Words(content)).walk()}


def everything(record: CallRecord, content: Content) -> str:
    spans = [span for span, _ in call_span(record, Words(content)).walk()]
    told = [(span.name, dict(span.attributes), span.error) for span in spans]
    events = [(event.name, dict(event.attributes)) for span in spans for event in span.events]
    return json.dumps([told, events, common_attributes(record)])


def test_a_call_has_turns_and_a_turn_has_its_steps(record: CallRecord) -> None:
    root = call_span(record, Words(Content.NONE))
    below = {child.name: [step.name for step in child.children] for child in root.children}
    assert below == {
        "reply greeting": ["reasoner", "tts", "playout"],
        "turn 1": [
            "stt ears",
            "endpointing",
            "chat gpt-5-mini",
            "chat gpt-5-mini",
            "execute_tool find_slots",
            "tts voice",
            "playout",
        ],
        "turn 2": ["stt", "endpointing", "reasoner", "tts", "playout"],
        "stt ears": [],
    }
    assert (root.start_ms, root.end_ms) == (0, 12_000)


def test_no_span_ends_before_it_begins_or_outside_of_the_call(record: CallRecord) -> None:
    root = call_span(record, Words(Content.NONE))
    for span, parent in root.walk():
        assert span.start_ms <= span.end_ms, span.key
        assert span.start_ms >= 0 and span.end_ms <= root.end_ms, span.key
        if parent is not None and parent is not root:
            assert parent.start_ms <= span.start_ms and span.end_ms <= parent.end_ms, span.key


def test_latencies_and_what_was_heard_are_told(record: CallRecord) -> None:
    spans = tree(record)
    first = spans["turn/1"].attributes
    assert first["antiphon.response_ms"] == 320
    assert (first["antiphon.heard_ms"], first["antiphon.heard_whole"]) == (760, False)
    assert spans["turn/1/endpointing"].attributes["antiphon.endpointing_ms"] == 300
    assert spans["call"].attributes["antiphon.call.response_p50_ms"] == 320
    assert spans["call"].attributes["antiphon.call.outcome"] == "contained"
    (cut,) = spans["turn/1"].events
    assert (cut.name, cut.at_ms) == ("interruption", 6000)
    assert cut.attributes["antiphon.interruption"] == "barge_in"
    assert cut.attributes["antiphon.silent_after_ms"] == 60
    (cough,) = spans["turn/2"].events
    assert cough.attributes["antiphon.interruption"] == "false_interruption"


def test_a_model_call_follows_the_genai_conventions(record: CallRecord) -> None:
    first, second = tree(record)["turn/1/llm/0"], tree(record)["turn/1/llm/1"]
    told = first.attributes
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == told["gen_ai.system"] == "openai"
    assert told["gen_ai.request.model"] == "gpt-5-mini"
    assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"]) == (900, 12)
    assert told["gen_ai.usage.cache_read.input_tokens"] == 600
    assert told["gen_ai.response.time_to_first_chunk"] == 0.015
    assert (first.start_ms, first.end_ms, first.remote) == (5060, 5230, True)
    assert (second.start_ms, second.end_ms) == (5290, 5301), "it goes on from the tool's result"
    assert "gen_ai.response.time_to_first_chunk" not in second.attributes


def test_a_tool_call_follows_the_genai_conventions(record: CallRecord) -> None:
    tool = tree(record)["turn/1/tool/t1"]
    assert tool.attributes["gen_ai.operation.name"] == "execute_tool"
    assert tool.attributes["gen_ai.tool.name"] == "find_slots"
    assert tool.attributes["gen_ai.tool.call.id"] == "t1"
    assert tool.end_ms - tool.start_ms == tool.attributes["antiphon.tool.took_ms"] == 60


def test_costs_add_up_and_an_unknown_price_is_not_zero(record: CallRecord) -> None:
    spans = tree(record)
    costs = [span.attributes.get("gen_ai.usage.cost", 0) for span in spans.values()]
    assert sum(Decimal(str(cost)) for cost in costs) == Decimal("0.0034")
    assert spans["call"].attributes["antiphon.call.cost_usd"] == 0.0034
    assert spans["call"].attributes["antiphon.call.cost_complete"] is False
    assert "gen_ai.usage.cost" not in spans["loose/0"].attributes


def test_langfuse_finds_what_its_own_sdk_would_have_sent(record: CallRecord) -> None:
    """Names held against those in the langfuse package."""
    spans, common = tree(record, Content.FULL), common_attributes(record, "person-1")
    assert common[Langfuse.TRACE_SESSION_ID] == "c1"
    assert common[Langfuse.TRACE_USER_ID] == "person-1"
    assert common[Langfuse.TRACE_NAME] == "call clinic"
    assert common[Langfuse.TRACE_TAGS] == ["clinic", "phone", "inbound"]
    assert common[f"{Langfuse.TRACE_METADATA}.line"] == "phone"
    assert Langfuse.RELEASE in common and Langfuse.VERSION in common
    model = spans["turn/1/llm/0"].attributes
    assert model[Langfuse.OBSERVATION_TYPE] == "generation"
    assert json.loads(str(model[Langfuse.OBSERVATION_USAGE_DETAILS])) == {
        "input": 300,
        "output": 12,
        "input_cached_tokens": 600,
    }
    assert json.loads(str(model[Langfuse.OBSERVATION_COST_DETAILS])) == {"total": 0.0021}
    assert spans["turn/1/tool/t1"].attributes[Langfuse.OBSERVATION_TYPE] == "tool"
    assert spans["turn/2"].attributes[Langfuse.OBSERVATION_INPUT] == SAID
    assert spans["turn/2"].attributes[Langfuse.OBSERVATION_OUTPUT] == "Friday at nine is free."
    known = {getattr(Langfuse, name) for name in dir(Langfuse) if name.isupper()}
    used = {name for span in spans.values() for name in span.attributes} | set(common)
    for name in used:
        if name.startswith("langfuse."):
            assert name in known or name.startswith(f"{Langfuse.TRACE_METADATA}."), name


def test_langsmith_finds_kind_and_session(record: CallRecord) -> None:
    """Attribute mapping of "Trace with OpenTelemetry", docs of LangSmith, read 2026-11."""
    kinds = {key: span.attributes["langsmith.span.kind"] for key, span in tree(record).items()}
    assert set(kinds.values()) <= {"llm", "chain", "tool", "retriever", "embedding", "prompt", "parser"}
    assert kinds["turn/1/llm/0"] == "llm" and kinds["turn/1/tool/t1"] == "tool"
    assert common_attributes(record)["langsmith.trace.session_id"] == "c1"


def test_datadog_finds_the_conversation_on_every_span_and_an_agent_at_the_root(record: CallRecord) -> None:
    """ "Supported semantic conventions", docs of Datadog, read 2026-11: gen_ai.* from 1.37 on."""
    assert common_attributes(record)["gen_ai.conversation.id"] == "c1"
    root = tree(record)["call"].attributes
    assert root["gen_ai.operation.name"] == "invoke_agent"
    assert root["gen_ai.agent.name"] == "clinic"


def test_without_being_told_to_no_word_goes_out(record: CallRecord) -> None:
    told = everything(record, Content.NONE)
    for word in ("Friday", "cleaning", "Sure", "Thu 10:00", NUMBER, "555"):
        assert word not in told


def test_redacted_words_hold_no_numbers_and_no_tool_content(record: CallRecord) -> None:
    told = everything(record, Content.REDACTED)
    assert "No wait, I want Friday" in told
    assert "[redacted]" in told
    for word in ("555", "0199", NUMBER, "Thu 10:00"):
        assert word not in told


def test_full_content_is_messages_as_the_conventions_have_them(record: CallRecord) -> None:
    spans = tree(record, Content.FULL)
    (asked,) = json.loads(str(spans["turn/2"].attributes[names.INPUT_MESSAGES]))
    assert asked == {"role": "user", "parts": [{"type": "text", "content": SAID}]}
    (answered,) = json.loads(str(spans["turn/2"].attributes[names.OUTPUT_MESSAGES]))
    assert answered["role"] == "assistant"
    assert spans["turn/1/tool/t1"].attributes["gen_ai.tool.call.result"] == '["Thu 10:00"]'


def test_whose_call_it_is_is_known_here_and_never_sent(record: CallRecord) -> None:
    assert caller_number(record) == NUMBER
    assert NUMBER not in json.dumps(common_attributes(record, "person-1"))


def test_ids_are_the_same_whenever_they_are_made_and_never_zero() -> None:
    assert trace_number("c1") == trace_number("c1") != trace_number("c2")
    assert span_number("c1", "call") != span_number("c1", "turn/1") != span_number("c2", "turn/1")
    assert 0 < trace_number("c1") < 1 << 128 and 0 < span_number("c1", "call") < 1 << 64


@pytest.mark.parametrize("path", sorted(TRACES.glob("*.jsonl")), ids=lambda path: path.stem)
def test_every_strange_call_becomes_a_sound_tree(path: Path) -> None:
    root = call_span(read_call(path), Words(Content.FULL))
    spans = [span for span, _ in root.walk()]
    assert len({span.key for span in spans}) == len(spans)
    for span in spans:
        assert root.start_ms <= span.start_ms <= span.end_ms <= root.end_ms, span.key
        assert all(isinstance(value, str | bool | int | float | list) for value in span.attributes.values())


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("Call +1 (555) 010-0199 at nine.", "Call [redacted] at nine."),
        ("My card is 4111 1111 1111 1111.", "My card is [redacted]."),
        ("It's five five five oh one double two.", "It's [redacted]."),
        ("Write to ann@example.com please", "Write to [redacted] please"),
        ("ann at example dot com", "[redacted]"),
        ("That is S, M, I, T, H.", "That is [redacted]."),
        ("See https://example.com/?token=abc now", "See [redacted] now"),
        (
            "At 10:30 on the 5th, two of us, for 40 dollars.",
            "At 10:30 on the 5th, two of us, for 40 dollars.",
        ),
    ],
)
def test_numbers_and_addresses_are_taken_out_and_times_stay(said: str, sent: str) -> None:
    assert redacted(said) == sent
