"""From chunks to samples: spans, sounds, word times, and how far a half-made chunk was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tests.unit.runtime.stage import RATE_HZ, Stage, StageReasoner, StageTts, settle

from antiphon.agents.ports import Replying, ReplyRequest
from antiphon.audio.tones import thinking
from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import SilencePolicy
from antiphon.runtime.records.lines import CommandEntry, read_call
from antiphon.speech.ports import TtsAudio, TtsRequest

NOTICE = "This call may be recorded."


class TimedTts:
    """Gives a word each 300 ms with its end; `words` words, then it waits for ever."""

    def __init__(self, words: int = 99) -> None:
        self.words = words

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        ends: tuple[int, ...] = ()
        for _ in request.text.split()[: self.words]:
            ends = (*ends, 300 * (len(ends) + 1))
            emit(TtsAudio(pcm=b"\1\0" * (300 * RATE_HZ // 1000), word_ends_ms=ends))
        if len(ends) < len(request.text.split()):
            await asyncio.Event().wait()


def _greets(*parts: tuple[str, bool]) -> StageReasoner:
    def plan(request: ReplyRequest, act: Replying) -> None:
        for text, must_be_heard in parts:
            act.say(text, uninterruptible=must_be_heard)

    return StageReasoner(plan)


async def _over(stage: Stage) -> tuple[list[ev.AnyEvent], list[cmd.Command]]:
    await stage.call.wait_ended()
    record = read_call(stage.trace.path)
    commands = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    return list(record.events), commands


async def test_a_chunk_is_uninterruptible_or_it_is_not(tmp_path: Path) -> None:
    reasoner = _greets(("Hello and welcome, ", False), (NOTICE, True), (" How can I help?", False))
    stage = Stage(tmp_path, reasoner=reasoner)
    await stage.begin(greet=False)
    stage.call.line_closed("hangup")
    events, _ = await _over(stage)
    chunks = [(e.text, e.uninterruptible) for e in events if isinstance(e, ev.ReplyText)]
    assert chunks == [("Hello and welcome,", False), (NOTICE, True), ("How can I help?", False)]


async def test_a_notice_given_in_tokens_is_one_stretch(tmp_path: Path) -> None:
    tokens = [(f"{word} ", True) for word in NOTICE.split()]
    stage = Stage(tmp_path, reasoner=_greets(("Welcome. ", False), *tokens, ("Bye.", False)))
    await stage.begin(greet=False)
    stage.call.line_closed("hangup")
    events, _ = await _over(stage)
    protected = [e.text for e in events if isinstance(e, ev.ReplyText) and e.uninterruptible]
    assert protected == [NOTICE]


async def test_the_thinking_sound_is_played_and_is_no_word(tmp_path: Path) -> None:
    async def plan(request: ReplyRequest, act: Replying) -> None:
        if request.text:
            await asyncio.Event().wait()
        act.say("Hello.")

    stage = Stage(tmp_path, reasoner=StageReasoner(plan), policy=Policy(fillers=("One moment.",)))
    await stage.begin()
    await stage.says("What are your hours?")
    await stage.clock.advance(1500)
    stage.line.hear_out("f1")
    await stage.clock.advance(4000)
    assert stage.line.played["f2"] == thinking(RATE_HZ)
    assert "f2" in stage.line.finished
    assert stage.voices[0].asked[-1] == "One moment."
    stage.line.hear_out("f2")
    stage.call.line_closed("hangup")
    _, commands = await _over(stage)
    assert cmd.ReportHeard(reply_id="f2", text="", complete=True) in commands


async def test_a_chunk_cut_while_it_is_made_is_told_by_the_voices_own_times(tmp_path: Path) -> None:
    reasoner = _greets(("We open at eight thirty on every weekday.", False))
    stage = Stage(tmp_path, reasoner=reasoner, voices=[TimedTts(words=4)])  # type: ignore[list-item]
    await stage.begin(greet=False)
    await stage.clock.advance(1000)
    stage.line.heard_ms = 900
    stage.call.speech_started(onset_ms=stage.clock.now_ms - 60)
    await stage.clock.advance(300)
    stage.stt.final("No, stop")
    await settle()
    assert stage.reasoner.heard_replies == [("r1", "We open at", False)]  # type: ignore[attr-defined]


async def test_words_heard_up_to_the_moment_of_a_hang_up_are_known(tmp_path: Path) -> None:
    reasoner = _greets(("We open at eight.", False))
    stage = Stage(tmp_path, reasoner=reasoner, voices=[TimedTts()])  # type: ignore[list-item]
    await stage.begin(greet=False)
    await stage.clock.advance(700)
    stage.line.heard_ms = 650  # No mark has told of it.
    stage.call.line_closed("hangup")
    _, commands = await _over(stage)
    reports = [c for c in commands if isinstance(c, cmd.ReportHeard)]
    assert reports == [cmd.ReportHeard(reply_id="r1", text="We open", complete=False)]


async def test_a_fault_in_the_core_still_tells_what_was_heard_once(tmp_path: Path) -> None:
    stage = Stage(tmp_path, reasoner=_greets(("We open at eight.", False)), voices=[TimedTts()])  # type: ignore[list-item]
    await stage.begin(greet=False)
    stage.call.playout_mark("r1", 650)
    stage.call.post(object())  # type: ignore[arg-type]  # A programmer's mistake.
    _, commands = await _over(stage)
    reports = [c for c in commands if isinstance(c, cmd.ReportHeard)]
    assert reports == [cmd.ReportHeard(reply_id="r1", text="We open", complete=False)]
    assert [c.cause for c in commands if isinstance(c, cmd.EndCall)] == ["error"]


async def test_the_cost_limit_ends_the_call_politely(tmp_path: Path) -> None:
    stage = Stage(tmp_path, policy=Policy(silence=SilencePolicy(call_cost_max_usd=0.1)))
    await stage.begin()
    stage.call.spent(Decimal("0.09"))
    await settle()
    assert len(stage.reasoner.requests) == 1  # type: ignore[attr-defined]
    for total in ("0.1", "0.2"):
        stage.call.spent(Decimal(total))
    await settle()
    goodbye = stage.reasoner.requests[-1]  # type: ignore[attr-defined]
    assert (goodbye.kind.value, goodbye.reason) == ("goodbye", "cost_limit")
    stage.line.hear_out("r2")
    events, commands = await _over(stage)
    assert sum(isinstance(e, ev.CostReached) for e in events) == 1
    assert commands[-1] == cmd.EndCall(cause="cost_limit")


async def test_a_second_voice_is_timed_anew_after_the_first_fell_silent(tmp_path: Path) -> None:
    stage = Stage(
        tmp_path,
        reasoner=_greets(("We open at eight.", False)),
        voices=[StageTts(broken=True), TimedTts()],  # type: ignore[list-item]
    )
    await stage.begin(greet=False)
    stage.call.line_closed("hangup")
    events, _ = await _over(stage)
    made = [e for e in events if isinstance(e, ev.ChunkSynthesized)]
    assert [(e.duration_ms, e.word_ends_ms) for e in made] == [(1200, (300, 600, 900, 1200))]


async def test_a_voice_is_told_how_long_the_line_can_wait_for_it(tmp_path: Path) -> None:
    spare_ms: dict[str, int] = {}

    class Told(TimedTts):
        async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
            spare_ms[request.text] = request.spare_ms
            await super().synthesize(request, emit)

    async def plan(request: ReplyRequest, act: Replying) -> None:
        act.say("We open at eight. Or at nine. ")
        await later.wait()
        act.say("Which? ")
        await much_later.wait()
        act.say("Hello?")

    later, much_later = asyncio.Event(), asyncio.Event()
    stage = Stage(tmp_path, reasoner=StageReasoner(plan), voices=[Told()])  # type: ignore[list-item]
    await stage.begin(greet=False)
    await stage.clock.advance(500)
    later.set()
    await settle()
    await stage.clock.advance(2400)
    much_later.set()
    await settle()
    stage.call.line_closed("hangup")
    await _over(stage)
    # Four words of 300 ms, three more, of which half a second was played; then the line had long run dry.
    assert spare_ms == {
        "We open at eight.": 0, "Or at nine.": 1200, "Which?": 1600, "Hello?": 0,
    }  # fmt: skip


class WarmTts(StageTts):
    """Can be made ready, and remembers for what."""

    def __init__(self) -> None:
        super().__init__()
        self.warmed: list[TtsRequest] = []

    async def warm(self, request: TtsRequest) -> None:
        self.warmed.append(request)


async def test_the_voice_is_made_ready_when_the_call_begins_and_when_the_caller_speaks(
    tmp_path: Path,
) -> None:
    voice = WarmTts()
    stage = Stage(tmp_path, voices=[voice])
    await stage.begin()
    (request,) = voice.warmed
    assert (request.text, request.voice, request.sample_rate_hz) == ("", "v", RATE_HZ)
    await stage.says("What are your hours?")
    assert len(voice.warmed) == 2


async def test_the_voice_gets_the_marks_of_an_author_and_the_record_the_words(tmp_path: Path) -> None:
    marked = 'Hello <break time="300ms"/>from <emphasis>us, all</emphasis> of <sub alias="the shop">TS</sub>.'
    stage = Stage(tmp_path, reasoner=_greets((marked, False)))
    await stage.begin(greet=False)
    (voice,) = stage.voices
    assert voice.asked == ["Hello, from us, all of the shop."]
    assert voice.marked == [
        'Hello <break time="300ms"/> from <emphasis>us, all</emphasis> of the shop.',
    ]
    stage.line.hear_out("r1")
    await settle()
    assert stage.reasoner.heard_replies == [("r1", "Hello from us, all of TS.", True)]  # type: ignore[attr-defined]
    stage.call.line_closed("hangup")
    _, commands = await _over(stage)
    reported = [command.text for command in commands if isinstance(command, cmd.ReportHeard)]
    assert reported == ["Hello from us, all of TS."]


async def test_a_marked_filler_is_words_in_the_record_too(tmp_path: Path) -> None:
    async def plan(request: ReplyRequest, act: Replying) -> None:
        if request.text:
            await asyncio.Event().wait()
        act.say("Hello.")

    policy = Policy(fillers=("One <break/> moment.",))
    stage = Stage(tmp_path, reasoner=StageReasoner(plan), policy=policy)
    await stage.begin()
    await stage.says("What are your hours?")
    await stage.clock.advance(1500)
    stage.line.hear_out("f1")
    await settle()
    stage.call.line_closed("hangup")
    _, commands = await _over(stage)
    assert cmd.ReportHeard(reply_id="f1", text="One moment.", complete=True) in commands
    assert stage.voices[0].marked[-1] == 'One <break time="350ms"/> moment.'
