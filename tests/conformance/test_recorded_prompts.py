"""The prompts in a call's trace are what went over the wire, byte for byte: with tools, with an answer that
was interrupted, with a draft that was thrown away, and with a vendor that takes over from another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from tests.conformance.llm_adapters import ADAPTERS
from tests.conformance.test_llm_booking import TURNS, clinic, clinic_with, environment
from tests.doubles.faults import Fault, Faulty
from tests.doubles.front_desk_mind import front_desk
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.language_model import Asked, Scripted, ScriptedModel

from antiphon.agents.ports import Message, ToolCall
from antiphon.providers.groq import HOST as GROQ_HOST
from antiphon.providers.openai.llm import HOST as GPT_HOST
from antiphon.providers.openai_compatible import Host
from antiphon.providers.openai_compatible.wire import request
from antiphon.runtime.metering import Meter, Payer, paid_by
from antiphon.runtime.prompts import prompts_of

GPT = next(adapter for adapter in ADAPTERS if adapter.vendor == "openai")
GROQ = next(adapter for adapter in ADAPTERS if adapter.vendor == "groq")


class Trace:
    """What the notes of one call would be in its trace, as they are read again."""

    def __init__(self) -> None:
        self.meter = Meter()
        self.meter.note = self._take
        self.notes: list[dict[str, Any]] = []

    def _take(self, kind: str, **fields: Any) -> None:
        self.notes.append(msgspec.json.decode(msgspec.json.encode({"type": kind, **fields})))

    def prompts(self, provider: str) -> list[list[dict[str, Any]]]:
        """Of one provider, in the order they were sent."""
        asked = [note for note in self.notes if note["type"] == "prompt"]
        messages, prompts = prompts_of(asked)
        return [
            [messages[place] for place in prompts[note["request"]]]
            for note in asked
            if note["provider"] == provider
        ]


def on_the_wire(host: Host, model: str, prompt: Sequence[dict[str, Any]]) -> str:
    messages = [
        Message(
            role=told["role"],
            content=told["content"],
            tool_calls=tuple(ToolCall(**call) for call in told.get("tool_calls", ())),
            tool_call_id=told.get("tool_call_id", ""),
        )
        for told in prompt
    ]
    return json.dumps(request(host, model, messages, ())["messages"], ensure_ascii=False)


def received(vendor: HttpVendor) -> list[str]:
    return [json.dumps(each.json["messages"], ensure_ascii=False) for each in vendor.requests]


async def test_a_trace_has_every_prompt_word_for_word(tmp_path: Path) -> None:
    trace = Trace()
    async with HttpVendor(ScriptedModel(GPT.dialect, front_desk)) as vendor:
        call = clinic(GPT, vendor, tmp_path)
        with paid_by(Payer(meter=trace.meter)):
            await call.greet()
            await call.speculate("I'd like a physical on")
            await call.say(TURNS[0], cut_after="I have")
            await call.say("I'd like a physical on Friday, sorry")
            await call.talk(*TURNS[1:], "no, thank you")
        wire = received(vendor)
    told = trace.prompts(GPT.name)
    assert call.ran.count("clinic.book") == 1
    assert [on_the_wire(GPT_HOST, GPT.model, prompt) for prompt in told] == wire
    assert any("— (interrupted)" in body for body in wire)
    assert any('"role": "tool"' in body for body in wire)
    kept = [note for note in trace.notes if note["type"] == "prompt"]
    later = [message["content"] for note in kept[1:] for message in note["said"].values()]
    assert not any(content.startswith("You are ") for content in later), "instructions are kept once"
    assert len(json.dumps(kept)) < sum(map(len, wire)) / 2
    uses = [note["request"] for note in trace.notes if note["type"] == "usage"]
    assert uses == list(range(1, len(wire) + 1))


async def test_whoever_takes_over_has_a_prompt_of_his_own(tmp_path: Path) -> None:
    trace = Trace()
    first, other = ScriptedModel(GPT.dialect, front_desk), ScriptedModel(GROQ.dialect, front_desk)
    async with HttpVendor(first) as lost, HttpVendor(other) as kept:
        variables = environment(GPT, lost) | environment(GROQ, kept)
        call = clinic_with((GPT.name, GROQ.name), variables, tmp_path)

        def breaks_off(asked: Asked) -> Scripted:
            if len(asked.turns) > 2:
                lost.faulty = Faulty(fault=Fault.DROP_MID_STREAM, after=3)
            return front_desk(asked)

        first.script = breaks_off
        with paid_by(Payer(meter=trace.meter)):
            await call.greet()
            await call.talk(*TURNS)
        wires = {GPT.name: received(lost), GROQ.name: received(kept)}
    for host, adapter in ((GPT_HOST, GPT), (GROQ_HOST, GROQ)):
        told = [on_the_wire(host, adapter.model, prompt) for prompt in trace.prompts(adapter.name)]
        assert told == wires[adapter.name]
    assert wires[GROQ.name], "nobody took over"
    assert len(call.booked("Linda", "Chen")) == 1


def test_a_prompt_with_a_message_the_disk_did_not_take_is_not_known() -> None:
    first = {"request": 1, "prompt": [0], "said": {"0": {"role": "system", "content": "a"}}}
    third = {"request": 3, "prompt": [0, 2], "said": {"2": {"role": "user", "content": "c"}}}
    fourth = {"request": 4, "prompt": [0, 1], "said": {}}
    messages, prompts = prompts_of([first, third, fourth])
    assert [message["content"] for message in messages] == ["a", "c"]
    assert prompts == {1: [0], 3: [0, 1]}
