"""The clinic's agent books over every language model, by text and over real sockets, and loses nothing when
the vendor does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.llm_adapters import ADAPTERS, Adapter
from tests.doubles.faults import Fault, Faulty
from tests.doubles.front_desk_mind import LOOKING, front_desk
from tests.doubles.http_vendor import HttpVendor
from tests.doubles.language_model import KEY, Asked, Scripted, ScriptedModel
from tests.unit.agents.dialogue import AGENTS, NOW, Dialogue

from antiphon.agents.build import build_reasoner
from antiphon.agents.definition import load_agent
from antiphon.agents.tools import appointment_tools
from antiphon.providers.prices import load_prices
from antiphon.providers.registry import Registry
from antiphon.runtime.assembly import Shared, language_models
from antiphon.runtime.metering import Meter, Payer, paid_by

TURNS = ("I'd like a physical on Friday", "the first one", "Linda Chen, April 8th 1979", "yes")
CLAUDE = next(adapter for adapter in ADAPTERS if adapter.vendor == "anthropic")
GPT = next(adapter for adapter in ADAPTERS if adapter.vendor == "openai")
GEMINI = next(adapter for adapter in ADAPTERS if adapter.vendor == "gemini")


def environment(adapter: Adapter, vendor: HttpVendor) -> dict[str, str]:
    url = vendor.url + adapter.path
    variables = {adapter.key: KEY, f"ANTIPHON_{adapter.vendor.upper()}_URL": url}
    own = {"ANTIPHON_LLM_URL": url, "ANTIPHON_LLM_MODEL": "qwen3"}
    return variables | (own if adapter.vendor == "openai-compatible" else {})


def clinic(adapter: Adapter, vendor: HttpVendor, home: Path, first_word_ms: int = 4000) -> Dialogue:
    """The clinic's own file, but for the model it names first."""
    models = (adapter.name, "flow/front_desk")
    return clinic_with(models, environment(adapter, vendor), home, first_word_ms)


def clinic_with(
    models: tuple[str, ...], variables: Mapping[str, str], home: Path, first_word_ms: int = 4000
) -> Dialogue:
    definition = load_agent(AGENTS / "clinic.yaml")
    reasoning = dataclasses.replace(definition.reasoning, models=models, first_word_ms=first_word_ms)
    definition = dataclasses.replace(definition, reasoning=reasoning)
    shared = Shared(registry=Registry(environment=variables), home=home)
    calendar = home / "calendar.sqlite"
    tools = appointment_tools(calendar, AGENTS / "clinic" / "calendar.yaml", today=NOW.date())
    reasoner = build_reasoner(
        definition, encoder=None, tools=tools, language_model=language_models(definition, shared)
    )
    return Dialogue(reasoner, tools, calendar)


@pytest.fixture
def bill() -> tuple[Meter, list[dict[str, Any]]]:
    meter, notes = Meter(load_prices(today=NOW.date())), list[dict[str, Any]]()
    meter.note = lambda kind, **fields: notes.append({"type": kind, **fields})
    return meter, notes


@pytest.mark.parametrize(
    "adapter",
    [each for each in ADAPTERS if each.by_registry],
    ids=lambda adapter: adapter.name.replace("/", "-"),
)
async def test_the_clinic_books_over_every_model(
    adapter: Adapter, tmp_path: Path, bill: tuple[Meter, list[dict[str, Any]]]
) -> None:
    double = ScriptedModel(adapter.dialect, front_desk)
    async with HttpVendor(double) as vendor:
        call = clinic(adapter, vendor, tmp_path)
        await call.greet()
        with paid_by(Payer(meter=bill[0])):
            await call.talk(*TURNS)
            reply = await call.say("no, thank you")
    assert call.ran == ["clinic.find_slots", "clinic.book"]
    (booked,) = call.booked("Linda", "Chen")
    assert (booked.appointment_type, f"{booked.start:%A %H:%M}") == ("physical", "Friday 08:00")
    assert "You're booked." in call.said
    assert "27th." not in call.said.replace("November 27th", "")  # Its thoughts stay its own.
    assert reply.end == "goal_reached"
    assert vendor.connections == 1
    notes = [note for note in bill[1] if note["type"] == "usage"]
    assert [note["request"] for note in notes] == list(range(1, len(double.asked) + 1))
    assert {note["provider"] for note in notes} == {adapter.name}
    assert all(note["cached_tokens"] == 100 for note in notes)
    assert not any(note.get("estimated") for note in notes)


async def test_every_turn_reads_the_settled_beginning_from_claudes_cache(tmp_path: Path) -> None:
    double = ScriptedModel(CLAUDE.dialect, front_desk)
    async with HttpVendor(double) as vendor:
        call = clinic(CLAUDE, vendor, tmp_path)
        await call.greet()
        await call.talk(*TURNS)
        bodies = [request.json for request in vendor.requests]
    assert len({str(body["system"]) for body in bodies}) == 1
    assert len({str(body["tools"]) for body in bodies}) == 1
    for before, after in zip(double.asked, double.asked[1:], strict=False):
        ends = [number for number, turn in enumerate(before.turns, start=1) if turn.marked]
        assert ends, "the greeting is settled"
        assert _words(after, ends[-1]) == _words(before, ends[-1])
        assert after.marks == 3


def _words(asked: Asked, turns: int) -> list[tuple[str, str]]:
    return [(turn.role, turn.text) for turn in asked.turns[:turns]]


FAULTS = (
    Fault.HANG,
    Fault.DROP_MID_STREAM,
    Fault.MALFORMED,
    Fault.RATE_LIMIT,
    Fault.AUTH,
    Fault.CLOSE_CODE,
    Fault.NO_RESULT,
)


@pytest.mark.parametrize(
    "fault",
    [Fault.HANG, Fault.DROP_MID_STREAM, Fault.MALFORMED, Fault.RATE_LIMIT, Fault.AUTH, Fault.CLOSE_CODE],
)
async def test_a_model_that_fails_before_its_first_word_is_followed_by_the_flow_in_the_same_reply(
    fault: Fault, tmp_path: Path
) -> None:
    double = ScriptedModel(CLAUDE.dialect, [Scripted(parts=["Never heard."])])
    async with HttpVendor(double, Faulty(fault=fault, after=1)) as vendor:
        call = clinic(CLAUDE, vendor, tmp_path, first_word_ms=300)
        await call.greet()
        await call.talk(TURNS[0], TURNS[1], "Linda Chen", "April 8th 1979", "yes")
    assert "You're booked" in call.last.text, call.said
    assert [item.appointment_type for item in call.booked("Linda", "Chen")] == ["physical"]
    assert call.ran.count("clinic.book") == 1
    assert "Never" not in call.said


async def test_a_model_that_dies_in_the_middle_of_a_reply_is_followed_by_the_flow_behind_its_words(
    tmp_path: Path,
) -> None:
    double = ScriptedModel(CLAUDE.dialect, front_desk)
    async with HttpVendor(double) as vendor:
        call = clinic(CLAUDE, vendor, tmp_path)
        await call.greet()
        await call.say(TURNS[0])
        assert "I have" in call.last.text
        # From here on every answer breaks off after its first words, and then nobody answers at all.
        vendor.faulty = Faulty(fault=Fault.DROP_MID_STREAM, after=3)
        half = await call.say(TURNS[1])
        assert " ".join(half.text.split()) == "Gladly. Sorry, I didn't catch that. How can I help?"
        await vendor.stop_listening()
        await call.talk(TURNS[0], TURNS[1], "Linda Chen", "April 8th 1979", "yes")
    assert "You're booked" in call.last.text, call.said
    assert len(call.booked("Linda", "Chen")) == 1
    assert call.ran.count("clinic.book") == 1
    assert call.said.count(LOOKING.strip()) == 1


@pytest.mark.parametrize("second", [GPT, GEMINI], ids=lambda adapter: adapter.vendor)
async def test_another_vendor_goes_on_with_the_tools_the_first_one_ran(
    second: Adapter, tmp_path: Path
) -> None:
    first = ScriptedModel(CLAUDE.dialect, front_desk)
    other = ScriptedModel(second.dialect, front_desk)
    async with HttpVendor(first) as lost, HttpVendor(other) as kept:
        variables = environment(CLAUDE, lost) | environment(second, kept)
        call = clinic_with((CLAUDE.name, second.name), variables, tmp_path)
        await call.greet()
        first.script = _then_gone(lost)
        await call.talk(*TURNS)
    assert call.ran == ["clinic.find_slots", "clinic.book"]
    assert len(call.booked("Linda", "Chen")) == 1
    assert "I have Friday, November 27th at 8 AM" in " ".join(call.said.split())
    told = other.asked[0].turns
    assert [turn.answers for turn in told if turn.role == "tool"] == ["clinic_find_slots"]
    assert call.said.count("looking") == 1


def _then_gone(vendor: HttpVendor) -> Callable[[Asked], Scripted]:
    """A front desk that answers once and is overloaded from then on."""

    def once(asked: Asked) -> Scripted:
        vendor.faulty = Faulty(fault=Fault.CLOSE_CODE)
        return front_desk(asked)

    return once
