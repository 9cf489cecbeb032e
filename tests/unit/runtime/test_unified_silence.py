"""A session that is connected and tells nothing any more, in the middle of a call, on virtual time."""

from __future__ import annotations

from pathlib import Path

from tests.unit.runtime.stage import StageReasoner, settle
from tests.unit.runtime.test_unified import booking, ended
from tests.unit.runtime.unified_stage import UnifiedStage

from antiphon.agents.ports import BROKE_OFF, ToolContext
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.runtime.unified import UnifiedModel
from antiphon.speech.ports import SpokenAudio, SpokenEnded, SpokenStarted

LIMIT_MS = UnifiedModel.__dataclass_fields__["silent_ms"].default


async def lost_at(stage: UnifiedStage) -> list[int]:
    """Moments of the call at which the core was told."""
    return [event.at_ms for event in await ended(stage) if isinstance(event, ev.SessionLost)]


async def asks(stage: UnifiedStage, duration_ms: int = 1_000) -> int:
    """A turn of the caller; gives the moment at which the session was asked to answer it."""
    before = len(stage.session.asked)
    await stage.sounds(duration_ms)
    for _ in range(2_000):
        if len(stage.session.asked) > before:
            return stage.clock.now_ms
        await stage.clock.advance(1)
    raise AssertionError("the session was not asked")


async def test_an_answer_that_does_not_begin_is_given_by_the_others_after_one_deadline(
    tmp_path: Path,
) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    asked_ms = await asks(stage)
    stage.session.words("Have you a table?")
    await stage.clock.advance(LIMIT_MS - 1)
    assert stage.call.speaks_itself
    await stage.clock.advance(1)
    assert stage.voices[0].asked == ["You said Have you a table?."]
    assert stage.session.closed
    assert await lost_at(stage) == [asked_ms + LIMIT_MS]


async def test_an_answer_that_stops_in_the_middle_is_heard_as_far_as_it_goes_and_others_go_on_with_it(
    tmp_path: Path,
) -> None:
    reasoner = StageReasoner()
    stage = UnifiedStage(tmp_path, reasoner=reasoner)
    await stage.greeted()
    asked_ms = await asks(stage)
    stage.session.says("s2", "We open at eight in the morning and", 6_000, ends=False)
    await stage.clock.advance(6_000 - 1)
    assert stage.line.flushed == []
    await stage.clock.advance(1)
    assert stage.line.flushed == ["r2"]
    assert reasoner.requests[-1].reason == BROKE_OFF
    stage.session.emit(SpokenAudio(spoken="s2", pcm=bytes(16_000)))  # It wakes up.
    stage.session.emit(SpokenEnded(spoken="s2"))
    stage.session.says("s3", "We open at eight in the morning.", 2_000)
    assert stage.plays("r2") == 6_000
    assert len(stage.voices[0].asked) == 1
    assert await lost_at(stage) == [asked_ms + 6_000]


async def test_any_word_of_the_vendor_begins_the_wait_anew(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await asks(stage)
    for number in range(2):
        await stage.clock.advance(LIMIT_MS - 100)
        stage.session.words(f"and {number}", item=f"i{number}")
    spoken_ms = stage.clock.now_ms
    await stage.clock.advance(LIMIT_MS)
    assert await lost_at(stage) == [spoken_ms + LIMIT_MS]


async def test_a_caller_who_asks_again_and_again_does_not_prolong_it(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await asks(stage)
    await stage.clock.advance(1_000)
    await asks(stage)  # "Hello?"
    asked_ms = await asks(stage)
    await stage.clock.advance(LIMIT_MS // 4)
    assert await lost_at(stage) == [asked_ms + LIMIT_MS // 4]


async def test_who_owes_nothing_may_be_silent(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await stage.clock.advance(6_000)
    await asks(stage)
    stage.session.says("s2", "We open at eight.", 900)
    stage.line.hear_out("r2")
    await stage.sounds(6_000)
    assert stage.call.speaks_itself
    assert await lost_at(stage) == []


async def test_a_reply_that_the_caller_talked_over_is_waited_for_by_nobody(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await asks(stage)
    stage.session.says("s2", "We open at eight.", 900, ends=False)
    await settle()
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    await stage.clock.advance(3 * LIMIT_MS)
    assert stage.line.flushed == ["r2"]
    assert stage.call.speaks_itself
    assert await lost_at(stage) == []


async def test_a_tool_may_take_its_time_and_what_is_said_to_its_result_may_not(tmp_path: Path) -> None:
    ran: list[ToolContext] = []
    stage = UnifiedStage(tmp_path, tools=[booking(ran)])
    await stage.greeted()
    await asks(stage)
    stage.session.calls("s2", "desk_book")
    while ("result",) not in [asked[:1] for asked in stage.session.asked]:
        await settle()
    told_ms = stage.clock.now_ms
    await stage.clock.advance(LIMIT_MS)
    commands = await lost_at(stage)
    assert len(ran) == 1
    assert commands == [told_ms + LIMIT_MS]


async def test_a_call_that_ends_meanwhile_ends(tmp_path: Path) -> None:
    stage = UnifiedStage(tmp_path)
    await stage.greeted()
    await asks(stage)
    stage.session.emit(SpokenStarted(spoken="s2"))
    await stage.clock.advance(LIMIT_MS - 1)
    stage.call.line_closed("hangup")
    await stage.call.wait_ended()
    await stage.clock.advance(LIMIT_MS)
    happened = await ended(stage)
    assert not [event for event in happened if isinstance(event, ev.SessionLost)]
    assert [command.cause for command in happened if isinstance(command, cmd.EndCall)] == ["caller_hangup"]
