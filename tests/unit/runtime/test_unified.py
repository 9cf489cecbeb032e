"""What a session says and what it is asked for, reply by reply."""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.runtime.stage import RATE_HZ, StageReasoner, StageTts, settle
from tests.unit.runtime.unified_stage import UnifiedStage

from antiphon.agents.llm.spoken import GO_ON
from antiphon.agents.ports import (
    BROKE_OFF,
    CallerTurn,
    Effect,
    HeardReply,
    Tool,
    ToolContext,
    ToolResult,
)
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.errors import ProviderUnavailable
from antiphon.runtime.records.lines import CommandEntry, EventEntry, NoteEntry, read_call
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.speech.ports import (
    CallerWords,
    SessionLost,
    SpokenAudio,
    SpokenEnded,
    SpokenStarted,
    SpokenToolCall,
    Transcript,
    TtsAudio,
    TtsRequest,
    TurnMoment,
)


def booking(ran: list[ToolContext], effect: Effect = Effect.WRITE) -> Tool:
    async def run(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        ran.append(context)
        return ToolResult(ok=True, value={"number": 7})

    return Tool(name="desk.book", description="", parameters={"type": "object"}, effect=effect, run=run)


async def ended(stage: UnifiedStage) -> list[object]:
    """Everything of the closed call; its trace replays byte for byte."""
    if not stage.call.cause:
        stage.call.line_closed("hangup")
    await stage.call.wait_ended()
    record = read_call(stage.trace.path)
    assert replay_exactly(record).difference is None
    return [
        entry.event if isinstance(entry, EventEntry) else entry.command
        for entry in record.entries
        if isinstance(entry, EventEntry | CommandEntry)
    ]


async def test_sound_does_not_wait_for_its_words_and_chunks_share_it(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await stage.takes_turn()
    assert stage.session.asked == [("commit",)]
    stage.session.emit(SpokenStarted(spoken="s2"))
    stage.session.emit(SpokenAudio(spoken="s2", pcm=bytes(1600)))
    assert stage.plays("r2") == 100
    stage.session.emit(SpokenAudio(spoken="s2", text="We open at eight. We close at five."))
    stage.session.emit(SpokenAudio(spoken="s2", pcm=bytes(16 * 2900)))
    stage.session.emit(SpokenEnded(spoken="s2"))
    await settle()
    stage.line.hear_out("r2")
    happened = await ended(stage)
    made = [each for each in happened if isinstance(each, ev.ChunkSynthesized) and each.reply_id == "r2"]
    assert sum(chunk.duration_ms for chunk in made) == 3000
    assert made[0].duration_ms == 0, "what came before the words has none"
    heard = [each for each in happened if isinstance(each, cmd.ReportHeard)]
    assert heard[-1].text == "We open at eight. We close at five."


async def test_what_the_vendor_begins_before_the_turn_is_taken_belongs_to_it(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path, endpointing="provider")
    await stage.greeted()
    stage.session.turn(TurnMoment.STARTED)
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    await stage.clock.advance(900)
    # Our own ears still hear a voice: the core has not taken the turn when the vendor begins.
    stage.session.says("s2", "Certainly.", 400)
    assert stage.plays("r2") == 0
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    stage.session.turn(TurnMoment.ENDED)
    await settle()
    assert stage.plays("r2") == 400
    assert stage.session.asked == []
    assert "r2" in stage.line.finished
    await ended(stage)


@pytest.mark.parametrize("heard_by_us", [True, False])
async def test_a_vendor_that_tells_of_a_turn_only_by_answering_it_is_heard_at_once(
    heard_by_us: bool, tmp_path: Path
) -> None:
    stage = UnifiedStage(tmp_path, endpointing="provider")
    await stage.greeted()
    if heard_by_us:
        await stage.sounds()
    stage.session.says("s2", "Certainly.", 400)
    await settle()
    assert stage.plays("r2") == 400
    assert stage.session.asked == []
    happened = await ended(stage)
    assert [each.turn for each in happened if isinstance(each, cmd.CommitTurn)] == [1]


async def test_what_answers_the_first_half_of_a_turn_is_cut_before_anybody_hears_it(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path, endpointing="provider")
    await stage.greeted()
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    await stage.clock.advance(300)
    stage.session.turn(TurnMoment.ENDED)  # Too early: he has hardly begun.
    stage.session.says("s2", "Certainly.", 400)
    stage.session.turn(TurnMoment.STARTED)
    assert stage.session.asked == [("cut", "s2", 0)]
    await stage.clock.advance(700)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    stage.session.turn(TurnMoment.ENDED)
    stage.session.says("s3", "On Friday, then.", 600)
    await settle()
    assert stage.plays("r2") == 600
    await ended(stage)


async def test_an_answer_that_was_given_up_before_it_began_is_cut_when_it_does(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await stage.takes_turn()
    await stage.takes_turn()  # He goes on: the first answer is not wanted any more.
    assert stage.session.asked == [("commit",), ("commit",)]
    stage.session.says("s2", "To the first half.", 400)
    stage.session.says("s3", "To all of it.", 500)
    await settle()
    assert stage.session.asked[2:] == [("cut", "s2", 0)]
    assert (stage.plays("r2"), stage.plays("r3")) == (0, 500)
    await ended(stage)


async def test_a_cut_counts_from_the_vendors_own_reply_past_the_sounds_between(tmp_path: Path) -> None:
    found = asyncio.Event()

    async def look(arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        await found.wait()
        return ToolResult(ok=True)

    tool = Tool(name="look", description="", parameters={}, effect=Effect.NONE, run=look)
    stage = UnifiedStage(tmp_path, tools=[tool])
    await stage.greeted()
    await stage.takes_turn()
    stage.session.emit(SpokenStarted(spoken="s2"))
    stage.session.emit(SpokenAudio(spoken="s2", pcm=bytes(16 * 1000), text="One moment."))
    stage.session.emit(SpokenToolCall(spoken="s2", call="c1", name="look", arguments="{}"))
    stage.session.emit(SpokenEnded(spoken="s2"))
    await stage.clock.advance(2600)  # The tool is slow: a soft sound covers the wait.
    sound_ms = stage.plays("r2") - 1000
    assert sound_ms > 0
    found.set()
    await settle()
    stage.session.says("s3", "We have Friday at nine, or Monday at ten.", 3000)
    stage.line.heard_ms = 1000 + sound_ms + 700
    await stage.sounds(1000)
    assert stage.line.flushed == ["r2"]
    assert [each for each in stage.session.asked if each[0] == "cut"] == [("cut", "s3", 700)]
    await ended(stage)


async def test_a_tool_runs_once_and_the_vendor_speaks_on_in_the_same_reply(tmp_path: Path) -> None:
    ran: list[ToolContext] = []
    stage = UnifiedStage(tmp_path, tools=[booking(ran)])
    await stage.greeted()
    await stage.takes_turn()
    stage.session.calls("s2", "desk_book", '{"b": 1, "a": 2}')
    async with asyncio.timeout(30):
        while len(stage.session.asked) < 2:  # The intent is on the disk before the tool runs.
            await settle()
    (_, call, result) = stage.session.asked[1]
    assert (call, json.loads(str(result))) == ("c1", {"ok": True, "value": {"number": 7}})
    assert "r2" not in stage.line.finished
    stage.session.says("s3", "You are booked.", 900)
    await settle()
    assert "r2" in stage.line.finished
    stage.line.hear_out("r2")
    assert stage.call._history.so_far()[-1] == HeardReply(text="You are booked.", complete=True)
    happened = await ended(stage)
    assert [each.arguments for each in happened if isinstance(each, cmd.RunTool)] == ['{"a":2,"b":1}']
    assert len(ran) == 1


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("desk_bock", "{}", "there is no tool"),
        ("desk_book", "[1]", "not an object"),
        ("desk_book", "{", "not an object"),
    ],
)
async def test_a_tool_that_cannot_be_asked_for_so_is_told_why(
    name: str, arguments: str, error: str, tmp_path: Path
) -> None:
    ran: list[ToolContext] = []
    stage = UnifiedStage(tmp_path, tools=[booking(ran)])
    await stage.greeted()
    await stage.takes_turn()
    stage.session.calls("s2", name, arguments)
    assert error in json.loads(str(stage.session.asked[-1][2]))["error"]
    stage.session.says("s3", "Let me try again.", 500)
    await settle()
    assert "r2" in stage.line.finished
    assert not ran
    await ended(stage)


OWED = "My name is Robin, and I am an AI assistant."


async def test_what_the_law_wants_heard_and_was_not_is_said_by_a_voice_before_the_model_speaks(
    tmp_path: Path,
) -> None:
    stage = UnifiedStage(tmp_path, owed=True)
    await stage.begin()  # With other words than the ones that are owed.
    stage.session.asked.clear()
    await stage.takes_turn()
    stage.session.says("s2", "We open at eight.", 900)
    await settle()
    assert stage.voices[0].asked == ["Hello.", OWED]
    exact_ms = 50 * len(OWED)
    assert stage.plays("r2") == exact_ms + 900
    assert stage.line.finished[-1] == "r2"
    stage.line.hear_out("r2")
    assert stage.call._history.so_far()[-1] == HeardReply(text=f"{OWED} We open at eight.", complete=True)
    await stage.takes_turn()
    stage.session.says("s3", "Goodbye.", 400)
    await settle()
    assert stage.plays("r3") == 400, "once heard, it is not owed any more"
    await ended(stage)


async def test_the_models_sound_waits_for_the_words_that_are_owed(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path, owed=True)
    await stage.begin()
    await stage.sounds()
    stage.voices[0].hold.clear()
    await stage.clock.advance(400)
    stage.session.says("s2", "We open at eight.", 900)
    await settle()
    assert stage.plays("r2") == 0
    assert "r2" not in stage.line.finished
    stage.voices[0].hold.set()
    await settle()
    assert stage.plays("r2") == 50 * len(OWED) + 900
    assert "r2" in stage.line.finished
    stage.session.asked.clear()
    stage.line.heard_ms = 50 * len(OWED) + 300
    await stage.clock.advance(50 * len(OWED) + 300)
    stage.line.listener.playout_mark("r2", stage.line.heard_ms)  # type: ignore[union-attr]
    await stage.sounds(900)
    assert stage.session.asked == [("cut", "s2", 300)]
    await ended(stage)


class HalfTts(StageTts):
    """Breaks off after 600 ms of what is owed."""

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        if request.text != OWED:
            await super().synthesize(request, emit)
            return
        self.asked.append(request.text)
        await self.hold.wait()
        emit(TtsAudio(pcm=b"\1\0" * (RATE_HZ * 600 // 1000)))
        raise ProviderUnavailable("stage", "cut")


async def test_owed_words_in_which_the_voice_broke_off_are_owed_again_and_the_model_is_cut_where_it_was(
    tmp_path: Path,
) -> None:
    half = HalfTts()
    stage = UnifiedStage(tmp_path, owed=True, voices=[half])
    await stage.begin()
    await stage.sounds()
    half.hold.clear()
    await stage.clock.advance(400)
    stage.session.says("s2", "We open at eight.", 900)
    await settle()
    half.hold.set()
    await settle()
    assert stage.plays("r2") == 600 + 900
    stage.session.asked.clear()
    stage.line.heard_ms = 600 + 300
    await stage.clock.advance(600 + 300)
    stage.line.listener.playout_mark("r2", stage.line.heard_ms)  # type: ignore[union-attr]
    await stage.sounds(900)
    assert stage.session.asked[0] == ("cut", "s2", 300)
    heard = stage.call._history.so_far()[-1]
    assert isinstance(heard, HeardReply) and not heard.complete
    assert heard.text.startswith("My name is We"), "and no more of what is owed"
    await stage.takes_turn()
    await settle()
    assert half.asked.count(OWED) == 2
    await ended(stage)


async def test_the_call_is_not_ended_in_silence(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.calls("s2", "end_call")
    assert stage.session.asked[-1][:2] == ("result", "c1")
    assert stage.call.cause == ""
    stage.session.says("s3", "Goodbye.", 500)
    await settle()
    stage.line.hear_out("r2")
    assert stage.call.cause == "goal_reached"
    await ended(stage)


async def test_the_model_hands_the_caller_over_with_a_line_for_the_colleague(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.emit(SpokenStarted(spoken="s2"))
    stage.session.emit(SpokenAudio(spoken="s2", pcm=bytes(1600), text="I will put you through."))
    stage.session.calls("s2", "hand_over_to_person", '{"summary": "A billing question."}')
    await settle()
    stage.line.hear_out("r2")
    assert stage.call.escalation == cmd.Escalate(reason="asked_for_person", summary="A billing question.")
    await ended(stage)


async def test_a_reply_that_broke_off_before_its_first_word_is_asked_for_once_more(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.words("What are your hours?")
    stage.session.says("s2", "", 0, status="failed")
    assert stage.session.asked == [("commit",), ("speak", "Answer what the caller said last.")]
    stage.session.says("s3", "We open at eight.", 900)
    await settle()
    assert stage.plays("r2") == 900
    await ended(stage)


async def test_a_reply_that_broke_off_in_the_middle_goes_on_behind_what_was_heard(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await stage.takes_turn()
    stage.line.heard_ms = 300
    stage.session.says("s2", "We open at eight.", 300, status="failed")
    await settle()
    assert stage.line.flushed == ["r2"]
    assert stage.session.asked[-1] == ("speak", GO_ON.format(half="We"))
    stage.session.says("s3", "open at eight.", 700)
    await settle()
    assert (stage.plays("r3"), stage.voices[0].asked) == (700, [])
    await ended(stage)


async def test_sound_without_words_that_breaks_off_is_an_apology(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.says("s2", "", 300, status="failed")
    await settle()
    assert stage.voices[0].asked == [stage.call.parts.policy.trouble]
    await ended(stage)


async def test_a_reply_that_the_others_go_on_with_has_the_turn_and_its_half(tmp_path: Path) -> None:
    reasoner = StageReasoner()
    stage = UnifiedStage(tmp_path, reasoner=reasoner)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.words("What are your hours?")
    stage.line.heard_ms = 300
    stage.session.says("s2", "We open at eight.", 300, ends=False)
    stage.session.emit(SessionLost(reason="gone"))
    await settle()
    request = reasoner.requests[-1]
    assert (request.text, request.reason) == ("What are your hours?", BROKE_OFF)
    assert request.history[-2:] == (
        CallerTurn(text="What are your hours?"),
        HeardReply(text="We", complete=False),
    )
    assert stage.voices[0].asked == ["You said What are your hours?."]
    await ended(stage)


async def speaks(stage: UnifiedStage, pitch: int, duration_ms: int = 800) -> bytes:
    """A turn with sound that can be known again, and the silence around it; gives the sound."""
    block = RATE_HZ // 10
    pcm = (6000 * np.sin(np.arange(block) / pitch)).astype("<i2").tobytes()
    for _ in range(3):
        stage.call.caller_audio(bytes(2 * block))
        await stage.clock.advance(100)
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    for _ in range(duration_ms // 100):
        stage.call.caller_audio(pcm)
        await stage.clock.advance(100)
    stage.call.caller_audio(bytes(2 * block))
    await stage.clock.advance(100)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    await stage.clock.advance(400)
    return pcm * (duration_ms // 100)


async def test_words_that_the_session_never_told_are_heard_again_by_the_others_and_answered_once(
    tmp_path: Path,
) -> None:
    reasoner = StageReasoner()
    stage = UnifiedStage(tmp_path, reasoner=reasoner)
    await stage.greeted()
    told = await speaks(stage, 3)
    stage.session.words("What are your hours?")
    stage.session.says("s2", "We open at eight.", 900)
    stage.line.hear_out("r2")
    await settle()
    said = await speaks(stage, 5)
    stage.session.emit(SessionLost(reason="gone"))
    await settle()
    heard = b"".join(stage.stt.pushed)
    assert said in heard, "from its first sample"
    assert told[: RATE_HZ // 2] not in heard, "what was told is not"
    assert (stage.stt.started, stage.stt.asked, stage.stt.segment) == (1, 1, 1)
    assert not reasoner.requests[1:], "nobody answers what nobody knows"
    stage.stt.emit(Transcript(segment=0, text="And on Friday?", final=True))
    await settle()
    assert stage.voices[0].asked == ["You said And on Friday?."]
    turns = [item.text for item in stage.call._history.so_far() if isinstance(item, CallerTurn)]
    assert turns == ["What are your hours?", "And on Friday?"]
    assert not [item for item in reasoner.requests[-1].history if item == CallerTurn(text="And on Friday?")]
    await ended(stage)


async def test_words_that_came_late_are_missing_even_where_their_answer_was_heard(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    said = await speaks(stage, 5)
    stage.session.says("s2", "We open at eight.", 900)
    stage.line.hear_out("r2")
    stage.session.emit(SessionLost(reason="gone"))
    await settle()
    assert said in b"".join(stage.stt.pushed)
    stage.stt.emit(Transcript(segment=0, text="What are your hours?", final=True))
    await stage.clock.advance(3000)
    assert stage.call._history.so_far()[1] == CallerTurn(text="What are your hours?")
    assert stage.voices[0].asked == []
    await ended(stage)


@pytest.mark.parametrize(("later_ms", "again"), [(1_000, True), (6_000, False)])
async def test_words_that_never_came_do_not_make_those_of_the_next_turn_come_twice(
    tmp_path: Path, later_ms: int, *, again: bool
) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    never = await speaks(stage, 5)
    stage.session.says("s2", "We open at eight.", 900)
    stage.line.hear_out("r2")
    await settle()
    for _ in range(later_ms // 100):
        stage.call.caller_audio(bytes(RATE_HZ // 5))
        await stage.clock.advance(100)
    told = await speaks(stage, 3)
    stage.session.words("And on Friday?")
    stage.session.emit(SessionLost(reason="gone"))
    await settle()
    heard = b"".join(stage.stt.pushed)
    assert (told in heard) is again, "it may be the first one's, as long as that is not overdue"
    assert never not in heard
    await ended(stage)


async def test_an_answer_that_breaks_off_before_its_words_are_known_is_given_by_the_others(
    tmp_path: Path,
) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await speaks(stage, 5)
    stage.session.says("s2", "", 0, status="failed")
    await settle()
    assert stage.stt.asked == 1
    stage.stt.emit(Transcript(segment=0, text="What are your hours?", final=True))
    await settle()
    assert stage.voices[0].asked == ["You said What are your hours?."]
    await ended(stage)


async def test_a_half_answer_to_words_that_nobody_knows_is_gone_on_with_by_those_who_hear_them(
    tmp_path: Path,
) -> None:
    reasoner = StageReasoner()
    stage = UnifiedStage(tmp_path, reasoner=reasoner)
    await stage.greeted()
    said = await speaks(stage, 5)
    stage.line.heard_ms = 300
    stage.session.says("s2", "We open at eight.", 300, status="failed")
    await settle()
    assert said in b"".join(stage.stt.pushed)
    assert not reasoner.requests[1:], "a new session could not know either what it goes on with"
    stage.stt.emit(Transcript(segment=0, text="What are your hours?", final=True))
    await settle()
    request = reasoner.requests[-1]
    assert (request.text, request.reason) == ("What are your hours?", BROKE_OFF)
    assert request.history[-1] == HeardReply(text="We", complete=False)
    assert stage.voices[0].asked == ["You said What are your hours?."]
    await ended(stage)


async def test_late_words_stand_in_the_history_where_the_turn_was(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.says("s2", "We open at eight.", 900)
    stage.line.hear_out("r2")
    assert [type(item) for item in stage.call._history.so_far()] == [HeardReply, HeardReply]
    stage.session.words("What are your hours?")
    assert stage.call._history.so_far()[1] == CallerTurn(text="What are your hours?")
    assert stage.session.config is not None
    assert stage.session.config.history()[1] == ("caller", "What are your hours?")
    await ended(stage)


async def test_words_that_were_not_final_when_the_session_was_lost_are_the_turns(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.emit(CallerWords(item="c1", text="Have you", final=False))
    stage.session.emit(CallerWords(item="c1", text="Have you a table?", final=False))
    stage.session.emit(SessionLost(reason="gone"))
    await settle()
    amended = [event for event in await ended(stage) if isinstance(event, cmd.AmendTurn)]
    assert [command.text for command in amended] == ["Have you a table?"]
    assert stage.voices[0].asked == ["You said Have you a table?."]


async def test_what_nobody_heard_is_metered_as_waste(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    stage.session.emit(SpokenStarted(spoken="s2"))  # Nobody has asked for it.
    stage.session.emit(SpokenEnded(spoken="s2", status="cancelled", usage={"output_tokens": 9}))
    assert stage.session.asked == [("cut", "s2", 0)]
    await ended(stage)
    notes = [entry for entry in read_call(stage.trace.path).entries if isinstance(entry, NoteEntry)]
    (usage,) = [note.fields for note in notes if note.type == "usage"]
    assert (usage["role"], usage["output_tokens"], usage["wasted"]) == ("s2s", 9, True)


async def test_a_session_that_cannot_be_opened_leaves_the_call_to_the_others(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path, broken=True)
    await stage.begin()
    await stage.says("What are your hours?")
    assert stage.voices[0].asked == ["Hello.", "You said What are your hours?."]
    await ended(stage)


async def test_a_call_that_a_session_drove_leaves_nothing_behind(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await stage.takes_turn()
    stage.session.says("s2", "We open at eight.", 900)
    await settle()
    speech = weakref.ref(stage.call._unified)  # type: ignore[arg-type]
    await ended(stage)
    stage.session.emit, stage.session.config = lambda event: None, None
    assert speech() is None
    assert stage.session.closed


async def test_events_of_a_session_that_was_lost_change_nothing(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    stage.session.emit(SessionLost(reason="gone"))
    stage.session.says("s2", "Hello again.", 400)
    await stage.says("What are your hours?")
    assert stage.voices[0].asked == ["You said What are your hours?."]
    assert stage.session.closed
    await ended(stage)


@pytest.mark.parametrize("sees", [True, False])
async def test_a_picture_goes_to_a_model_that_sees_and_the_caller_is_told(tmp_path: Path, sees: bool) -> None:
    told: list[dict[str, object]] = []
    stage = UnifiedStage(tmp_path, sees=sees)
    stage.call._screen._view = Told(told)
    await stage.greeted()
    stage.call.picture(b"\xff\xd8", "image/jpeg")
    assert stage.session.asked == ([("show", "image/jpeg")] if sees else [])
    reason = "" if sees else "this agent cannot see"
    assert [message for message in told if message["type"] == "picture"] == [
        {"type": "picture", "shown": sees, "reason": reason}
    ]
    await ended(stage)
    entries = read_call(stage.trace.path).entries
    (note,) = [entry for entry in entries if isinstance(entry, NoteEntry) and entry.type == "picture"]
    assert note.fields == {"media_type": "image/jpeg", "length_bytes": 2, "shown": sees}


async def test_a_picture_is_refused_once_the_session_is_gone(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    stage.session.emit(SessionLost(reason="gone"))
    await settle()
    stage.call.picture(b"\xff\xd8", "image/jpeg")
    assert ("show", "image/jpeg") not in stage.session.asked
    await ended(stage)


class Told:
    """A `CallerView` that keeps what it was shown."""

    def __init__(self, messages: list[dict[str, object]]) -> None:
        self._messages = messages

    def show(self, message: dict[str, object]) -> None:
        self._messages.append(message)
