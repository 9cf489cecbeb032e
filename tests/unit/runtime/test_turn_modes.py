"""A whole call whose turns end by the vendor's word or by the caller's talk button."""

from __future__ import annotations

from pathlib import Path

from tests.unit.runtime.stage import Stage, StageReasoner, settle

from antiphon.agents.ports import CallerTurn
from antiphon.conversation import Policy, TurnPolicy
from antiphon.runtime.records.lines import read_call
from antiphon.runtime.records.replaying import replay_exactly
from antiphon.runtime.records.story import tell
from antiphon.speech.ports import TurnEvent, TurnMoment

WORDS = "I need a doctor."


def _stage(directory: Path, endpointing: str) -> tuple[Stage, StageReasoner]:
    reasoner = StageReasoner()
    turn = TurnPolicy(endpointing=endpointing)  # type: ignore[arg-type]  # One of its three words.
    return Stage(directory, reasoner=reasoner, policy=Policy(turn=turn)), reasoner


async def test_the_vendor_is_asked_to_end_turns_and_its_word_does(tmp_path: Path) -> None:
    stage, reasoner = _stage(tmp_path, "provider")
    await stage.begin()
    assert stage.stt.config is not None and stage.stt.config.provider_turns
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    await stage.clock.advance(800)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    stage.stt.emit(TurnEvent(moment=TurnMoment.EAGER_END, text=WORDS))
    await settle()
    assert reasoner.requests[-1].text == WORDS and reasoner.requests[-1].speculative
    stage.stt.final(WORDS)
    stage.stt.emit(TurnEvent(moment=TurnMoment.ENDED, text=WORDS))
    await settle()
    assert reasoner.confirmed[-1] == reasoner.requests[-1].reply_id


async def test_a_vendor_that_says_nothing_is_waited_for_until_the_bound(tmp_path: Path) -> None:
    stage, reasoner = _stage(tmp_path, "provider")
    await stage.begin()
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    await stage.clock.advance(800)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms - 100)
    assert stage.stt.asked == 1
    stage.stt.final(WORDS)
    await stage.clock.advance(TurnPolicy().provider_wait_ms - 1)
    assert not [request for request in reasoner.requests if request.text and not request.speculative]
    await stage.clock.advance(1)
    assert reasoner.confirmed[-1] == reasoner.requests[-1].reply_id
    assert reasoner.requests[-1].text == WORDS


async def test_turn_events_are_nothing_where_we_decide(tmp_path: Path) -> None:
    stage, _ = _stage(tmp_path, "ours")
    await stage.begin()
    stage.stt.emit(TurnEvent(moment=TurnMoment.ENDED, text=WORDS))
    await stage.clock.advance(100)
    stage.call.line_closed("hangup")
    await stage.call.wait_ended()
    assert b"TurnSignalled" not in stage.trace.path.read_bytes()


async def test_only_what_is_said_into_a_press_reaches_the_recogniser(tmp_path: Path) -> None:
    stage, reasoner = _stage(tmp_path, "push_to_talk")
    await stage.begin()
    stage.call.speech_started(onset_ms=stage.clock.now_ms)
    for number in range(5):
        stage.call.caller_audio(b"before%d" % number)
    stage.call.speech_stopped(ended_ms=stage.clock.now_ms)
    assert stage.stt.pushed == [] and stage.stt.started == 0 and stage.stt.asked == 0
    stage.call.talk(True)
    assert stage.stt.pushed == [b"before3", b"before4"] and stage.stt.started == 1
    await stage.clock.advance(900)
    stage.call.caller_audio(b"into it")
    stage.call.talk(False)
    assert stage.stt.asked == 1
    stage.call.caller_audio(b"after")
    assert stage.stt.pushed[2:] == [b"into it"]
    stage.stt.final(WORDS)
    await settle()
    assert reasoner.requests[-1].text == WORDS and not reasoner.requests[-1].speculative


async def test_a_press_silences_the_agent_at_once(tmp_path: Path) -> None:
    stage, _ = _stage(tmp_path, "push_to_talk")
    await stage.begin(greet=False)
    stage.call.talk(True)
    assert stage.line.flushed == ["r1"]


async def test_a_call_by_talk_button_is_told_and_replays_exactly(tmp_path: Path) -> None:
    stage, _ = _stage(tmp_path, "push_to_talk")
    await stage.begin()
    stage.call.talk(True)
    await stage.clock.advance(900)
    stage.call.talk(False)
    await stage.clock.advance(60)
    stage.stt.final(WORDS)
    await stage.clock.advance(50)
    stage.call.line_closed("hangup")
    await stage.call.wait_ended()
    record = read_call(stage.trace.path)
    assert replay_exactly(record).difference is None
    (turn,) = tell(record.entries).turns
    assert turn.heard_as == WORDS and turn.onset_ms is not None
    assert turn.ended_ms - turn.onset_ms == 900 and turn.committed_at_ms - turn.ended_ms == 60


async def test_a_press_told_in_two_finals_is_one_turn_and_the_next_press_is_heard(tmp_path: Path) -> None:
    stage, reasoner = _stage(tmp_path, "push_to_talk")
    await stage.begin()
    stage.call.talk(True)
    await stage.clock.advance(1500)
    stage.call.talk(False)
    stage.stt.final("I need")
    await settle()
    assert reasoner.requests[-1].text == "I need"
    stage.stt.final("a doctor today.")
    await settle()
    request = reasoner.requests[-1]
    assert request.text == "I need a doctor today."
    assert not [item for item in request.history if isinstance(item, CallerTurn)], "each word once"
    stage.call.talk(True)
    await stage.clock.advance(900)
    stage.call.talk(False)
    stage.stt.final("At nine.")
    await settle()
    assert reasoner.requests[-1].text == "At nine."
    said = [item.text for item in reasoner.requests[-1].history if isinstance(item, CallerTurn)]
    assert said == ["I need a doctor today."]
    stage.call.line_closed("hangup")
    await stage.call.wait_ended()
    assert [turn.heard_as for turn in tell(read_call(stage.trace.path).entries).turns] == [
        request.text,
        "At nine.",
    ]
