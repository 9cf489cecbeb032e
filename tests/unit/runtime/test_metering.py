"""What a call uses and what that costs, from the request to `antiphon calls show`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.doubles.scripted_ports import RATE_HZ, ScriptedModel, ScriptedStt, ScriptedVoice, say
from tests.doubles.virtual_loop import live, passes
from tests.unit.runtime.stage import Stage, StageReasoner, StageTts, settle

from antiphon.agents.ports import Message, Replying, ReplyRequest, Tool, Usage, WarmsPrompts
from antiphon.conversation import commands as c
from antiphon.errors import ProviderUnavailable
from antiphon.runtime.metered_models import MeteredModel, metered_model
from antiphon.runtime.metering import Meter, MeteredStt, MeteredTts, Payer, paid_by, payer
from antiphon.runtime.records.cost import cost_of
from antiphon.runtime.records.lines import CommandEntry, Entry, NoteEntry, read_call
from antiphon.runtime.records.screen import render_call
from antiphon.runtime.records.story import tell
from antiphon.runtime.records.summary import summarise
from antiphon.speech.ports import SttConfig, SttEvent, TtsAudio, TtsRequest


class CentAnything:
    """A cent for every unit of anything; nothing known of "acme/unknown"."""

    def cost_usd(self, role: str, provider: str, amounts: Mapping[str, int]) -> Decimal | None:
        return None if provider == "acme/unknown" else sum(amounts.values()) * Decimal("0.01")


class Bill:
    """A meter and what it noted."""

    def __init__(self) -> None:
        self.totals: list[Decimal] = []
        self.meter = Meter(CentAnything(), self.totals.append)
        self.notes: list[dict[str, Any]] = []
        self.meter.note = self._take

    def _take(self, kind: str, **fields: Any) -> None:
        if kind != "prompt":
            self.notes.append({"type": kind, **fields})


ASK = [Message(role="user", content="x" * 40)]


def test_a_whole_answer_is_charged_by_the_vendors_own_count() -> None:
    async def story() -> None:
        bill = Bill()
        with paid_by(Payer(meter=bill.meter, reply="r7")):
            await MeteredModel("acme/m", ScriptedModel("Hi.")).complete(ASK, (), lambda text: None)
        (note,) = bill.notes
        assert (note["role"], note["provider"], note["reply"]) == ("llm", "acme/m", "r7")
        assert (note["input_tokens"], note["output_tokens"]) == (100, 10)
        assert note["cost_usd"] == "1.10"
        assert "wasted" not in note
        assert bill.totals == [Decimal("1.10")]

    live(story())


def test_an_answer_that_was_cut_is_estimated_and_one_that_was_refused_is_free() -> None:
    async def story() -> None:
        bill = Bill()
        slow = MeteredModel("acme/m", ScriptedModel("Hello th", 5000, "ere"))
        with paid_by(Payer(meter=bill.meter)):
            cut = asyncio.ensure_future(slow.complete(ASK, (), lambda text: None))
            await passes(1000)
            cut.cancel()
            await asyncio.gather(cut, return_exceptions=True)
            refused = MeteredModel("acme/m", ScriptedModel(ProviderUnavailable("m", "no")))
            with pytest.raises(ProviderUnavailable):
                await refused.complete(ASK, (), lambda text: None)
        (note,) = bill.notes
        assert note["estimated"]
        assert (note["input_tokens"], note["output_tokens"]) == (10, 2)

    live(story())


def test_an_answer_that_was_cut_costs_what_the_vendor_told_before() -> None:
    async def story() -> None:
        bill = Bill()
        told = Usage(input_tokens=900, cached_tokens=800, cache_write_tokens=50, output_tokens=1)
        slow = MeteredModel("acme/m", ScriptedModel("Hello th", 5000, "ere", told=told))
        with paid_by(Payer(meter=bill.meter)):
            cut = asyncio.ensure_future(slow.complete(ASK, (), lambda text: None))
            await passes(1000)
            cut.cancel()
            await asyncio.gather(cut, return_exceptions=True)
        (note,) = bill.notes
        amounts = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens")
        assert [note[amount] for amount in amounts] == [900, 800, 50, 2]
        assert note["estimated"]

    live(story())


def test_an_answer_that_broke_off_behind_a_piece_without_words_is_charged() -> None:
    """Half a tool call is as much of an answer as half a sentence."""

    async def story() -> None:
        bill = Bill()
        broken = ScriptedModel(ProviderUnavailable("m", "the connection broke"), told=Usage())
        with paid_by(Payer(meter=bill.meter)), pytest.raises(ProviderUnavailable):
            await MeteredModel("acme/m", broken).complete(ASK, (), lambda text: None)
        (note,) = bill.notes
        assert (note["input_tokens"], note["estimated"]) == (10, True)

    live(story())


def test_a_model_that_counts_nothing_is_charged_by_its_words() -> None:
    async def story() -> None:
        bill = Bill()
        uncounted = ScriptedModel("Hello there.", usage=Usage())
        with paid_by(Payer(meter=bill.meter)):
            await MeteredModel("acme/m", uncounted).complete(ASK, (), lambda text: None)
        (note,) = bill.notes
        assert note["estimated"]
        assert (note["input_tokens"], note["output_tokens"]) == (10, 3)

    live(story())


class ReadsFor5Seconds(ScriptedModel):
    async def warm(self, messages: Sequence[Message], tools: Sequence[Tool]) -> Usage:
        await passes(5000)
        return Usage(input_tokens=10)


def test_a_prompt_that_was_being_read_when_the_call_ended_is_charged() -> None:
    async def story() -> None:
        bill = Bill()
        model = metered_model("acme/m", ReadsFor5Seconds())
        assert isinstance(model, WarmsPrompts)
        with paid_by(Payer(meter=bill.meter)):
            reading = asyncio.ensure_future(model.warm(ASK, ()))
            await passes(1000)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        (note,) = bill.notes
        assert (note["input_tokens"], note["output_tokens"], note["estimated"]) == (10, 0, True)

    live(story())


def test_a_voice_is_charged_for_every_character_sent_even_when_it_was_cut() -> None:
    async def story() -> None:
        bill = Bill()
        request = TtsRequest(text="one two three", voice="v", sample_rate_hz=RATE_HZ)
        with paid_by(Payer(meter=bill.meter, reply="r1")):
            speaking = asyncio.ensure_future(
                MeteredTts("acme/v", ScriptedVoice(block_ms=100)).synthesize(request, lambda audio: None)
            )
            await passes(300)
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            with pytest.raises(ProviderUnavailable):
                broken = MeteredTts("acme/v", ScriptedVoice(breaks_after=0))
                await broken.synthesize(request, lambda audio: None)
        (note,) = bill.notes
        assert (note["characters"], note["audio_ms"]) == (13, 300)

    live(story())


class ChargesForMarks(ScriptedVoice):
    def characters(self, request: TtsRequest) -> int:
        return len(request.ssml or request.text)


def test_a_voice_that_charges_for_marks_is_charged_for_them() -> None:
    async def story() -> None:
        bill = Bill()
        plain = TtsRequest(text="one two", voice="v", sample_rate_hz=RATE_HZ)
        with paid_by(Payer(meter=bill.meter, reply="r1")):
            voice = MeteredTts("acme/v", ChargesForMarks(block_ms=100))
            for request in (plain, replace(plain, ssml="one <break/> two")):
                await voice.synthesize(request, lambda audio: None)
        assert [note["characters"] for note in bill.notes] == [7, 16]

    live(story())


def test_a_recogniser_is_charged_turn_by_turn_by_whoever_opened_it() -> None:
    async def story() -> None:
        bill = Bill()
        with paid_by(Payer(meter=bill.meter)):
            stream = MeteredStt("acme/s", ScriptedStt("a")).open(
                SttConfig(sample_rate_hz=RATE_HZ), lambda event: None
            )
        stream.push(say("a"))
        stream.turn_committed()
        stream.push(say("a") * 3)
        await stream.aclose()
        assert [note["audio_ms"] for note in bill.notes] == [200, 600]
        assert bill.meter.total_usd == Decimal("8.00")

    live(story())


class SendsOnItsOwn:
    """A recogniser's stream that sends silence in between, or nothing while the vendor is away."""

    def __init__(self) -> None:
        self.sent_ms = 0

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> SendsOnItsOwn:
        return self

    def push(self, pcm: bytes) -> None:
        pass

    def speech_started(self) -> None:
        pass

    def speech_stopped(self) -> None:
        pass

    def turn_committed(self) -> None:
        pass

    def expect(self, phrases: Sequence[str]) -> None:
        pass

    async def aclose(self) -> None:
        self.sent_ms += 40


async def test_a_recogniser_is_charged_for_what_reached_it_and_not_for_what_was_said_to_it() -> None:
    bill = Bill()
    vendor = SendsOnItsOwn()
    with paid_by(Payer(meter=bill.meter)):
        stream = MeteredStt("acme/s", vendor).open(SttConfig(sample_rate_hz=RATE_HZ), lambda event: None)
    stream.push(say("a"))  # It is away.
    stream.turn_committed()
    vendor.sent_ms = 700  # It is back, and hears it again, with silence behind it.
    stream.turn_committed()
    await stream.aclose()
    assert [note["audio_ms"] for note in bill.notes] == [700, 40]


def test_without_a_payer_nothing_is_counted_and_without_a_price_the_total_says_so() -> None:
    async def story() -> None:
        bill = Bill()
        await MeteredModel("acme/m", ScriptedModel("Hi.")).complete(ASK, (), lambda text: None)
        assert bill.notes == []
        with paid_by(Payer(meter=bill.meter)):
            await MeteredModel("acme/unknown", ScriptedModel("Hi.")).complete(ASK, (), lambda text: None)
        assert bill.notes[0]["cost_usd"] is None
        assert bill.meter.unpriced == {"acme/unknown"}
        assert bill.meter.total_usd == 0

    live(story())


def usage(reply: str, cost: str | None, **fields: Any) -> NoteEntry:
    known = {"role": "llm", "provider": "acme/m", "reply": reply, "input_tokens": 10, "cost_usd": cost}
    return NoteEntry(number=1, raw=b"", at_ms=0, type="usage", fields=known | fields)


def test_waste_is_what_lost_a_race_and_what_was_made_for_a_draft_nobody_heard() -> None:
    entries: list[Entry] = [
        CommandEntry(number=1, raw=b"", at_ms=0, command=c.CancelReply(reply_id="draft")),
        usage("draft", "0.10"),
        usage("spoken", "0.20"),
        usage("spoken", "0.03", wasted=True),
        usage("spoken", None, provider="acme/new"),
    ]
    cost = cost_of(entries, tell(entries))
    known, new = cost.stages
    assert (cost.total_usd, cost.wasted_usd) == (Decimal("0.33"), Decimal("0.13"))
    assert (known.requests, known.wasted_requests, known.amounts) == (3, 2, {"input_tokens": 30})
    assert new.unpriced == 1
    assert not cost.is_complete


async def test_the_uses_of_a_call_are_in_its_trace_and_on_its_screen(tmp_path: Path) -> None:
    model = MeteredModel("acme/m", ScriptedModel("Certainly."))

    async def plan(request: ReplyRequest, act: Replying) -> None:
        await model.complete(ASK, (), act.say)

    stage = Stage(tmp_path, reasoner=StageReasoner(plan))
    stage.call.parts.meter.prices = CentAnything()
    await stage.begin(greet=False)
    stage.call.end(now=True)
    await stage.call.wait_ended()
    await settle()
    record = read_call(stage.trace.path)
    (stage_cost,) = summarise(record)["cost"]["stages"]
    assert (stage_cost["provider"], stage_cost["cost_usd"]) == ("acme/m", "1.10")
    screen = "\n".join(render_call(record))
    assert "COST  $1.10000, of it for nothing $0.00000" in screen
    assert "100 input_tokens" in screen


class SlowToLetGo(StageTts):
    """Says hello, then hangs; when it is given up, it tells what was used a few turns of the loop later."""

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if request.text == "Hello.":
            await super().synthesize(request, emit)
            return
        self.asked.append(request.text)
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(50):
                await asyncio.sleep(0)
            payer().take("tts", "acme/v", {"characters": len(request.text)})


async def test_a_draft_dropped_at_the_very_end_is_still_charged(tmp_path: Path) -> None:
    """Who hangs up while he speaks gives up the draft and ends the call at once."""

    async def plan(request: ReplyRequest, act: Replying) -> None:
        if not request.text:
            act.say("Hello.")
            return
        try:
            act.say("Certainly, I can do that.")
            await asyncio.Event().wait()
        finally:
            for _ in range(50):
                await asyncio.sleep(0)
            payer().take("llm", "acme/m", {"input_tokens": 3})

    stage = Stage(tmp_path, reasoner=StageReasoner(plan), voices=[SlowToLetGo()])
    await stage.begin()
    stage.call.speech_started(onset_ms=0)
    await stage.clock.advance(500)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    stage.stt.final("I would like an appointment and")
    while len(stage.voices[0].asked) < 2:
        await settle()
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    stage.call.line_closed("hangup")
    await stage.call.wait_ended()
    record = read_call(stage.trace.path)
    uses = [
        entry.fields for entry in record.entries if isinstance(entry, NoteEntry) and entry.type == "usage"
    ]
    assert {(use["role"], use["reply"]) for use in uses} == {("tts", "r2"), ("llm", "r2")}
    assert record.complete
