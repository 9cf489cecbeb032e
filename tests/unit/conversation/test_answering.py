"""Calls we place: nobody is spoken to before it is known who answers; machines get what is declared."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.conversation.script import Script

from antiphon.conversation import Conversation, Policy
from antiphon.conversation import events as ev
from antiphon.conversation.commands import (
    EndCall,
    FinalizeTranscript,
    FlushPlayout,
    NoteUtterance,
    ReportHeard,
    StartReply,
    Synthesize,
)
from antiphon.conversation.policy import AnsweringPolicy, SilencePolicy

MESSAGE = "This is Robin. Please call us back."


class Placed(Script):
    """A call we placed, at its beginning; `machine` and the rest as in `AnsweringPolicy`."""

    def __init__(self, **answering: Any) -> None:
        super().__init__()
        policy = Policy(answering=AnsweringPolicy(message=MESSAGE, **answering))
        self.conversation = Conversation(policy)
        self.commands = []
        self.step(
            ev.CallStarted(at_ms=0, call_id="call", agent="a", line="loopback", wall_time_ms=0, screened=True)
        )

    def judge(self, verdict: str, evidence: str = "words", records: bool = True) -> None:
        self.step(ev.AnswererJudged(at_ms=self.now_ms, verdict=verdict, evidence=evidence, records=records))

    def beep(self) -> None:
        self.step(ev.BeepHeard(at_ms=self.now_ms, ended_ms=self.now_ms - 120, tone_hz=1000, duration_ms=400))

    def voice(self, duration_ms: int) -> None:
        self.step(ev.SpeechStarted(at_ms=self.now_ms, onset_ms=max(0, self.now_ms - 80)))
        self.wait(duration_ms)
        self.step(ev.SpeechStopped(at_ms=self.now_ms, ended_ms=self.now_ms - 100))

    def words(self, text: str) -> None:
        self.step(ev.TranscriptFinal(at_ms=self.now_ms, segment=self.segment, text=text))

    @property
    def said(self) -> list[str]:
        return [command.text for command in self.commands if isinstance(command, Synthesize)]

    @property
    def ends(self) -> list[str]:
        return [command.cause for command in self.commands if isinstance(command, EndCall)]

    @property
    def greeted(self) -> int:
        return sum(isinstance(command, StartReply) for command in self.commands)

    def message_id(self) -> str:
        return self.last(Synthesize).reply_id

    def hear_message(self) -> None:
        reply_id = self.message_id()
        self.step(ev.ChunkSynthesized(at_ms=self.now_ms, reply_id=reply_id, index=0, duration_ms=2000))
        self.step(ev.PlayoutStarted(at_ms=self.now_ms, reply_id=reply_id))
        self.wait(2000)
        self.step(ev.PlayoutFinished(at_ms=self.now_ms, reply_id=reply_id, heard_ms=2000))


def test_nothing_is_said_before_somebody_is_known_to_have_answered() -> None:
    call = Placed()
    call.wait(1000)
    call.voice(600)
    assert (call.phase, call.said, call.greeted) == ("screening", [], 0)
    assert call.count(FinalizeTranscript) == 1, "his words are wanted, to judge him by"


def test_a_person_is_greeted_at_once_and_what_he_said_is_kept() -> None:
    call = Placed()
    call.voice(600)
    call.words("Hello?")
    call.judge("human")
    start = call.last(StartReply)
    assert (start.kind, call.phase) == ("greeting", "thinking")
    assert call.last(NoteUtterance) == NoteUtterance(kind="answered", text="Hello?")


def test_words_that_were_on_their_way_when_he_was_greeted_do_not_interrupt_the_greeting() -> None:
    call = Placed()
    call.voice(600)
    call.judge("human")
    call.wait(100)
    call.words("Yes, this is Linda Chen.")
    assert call.phase == "thinking" and call.greeted == 1
    assert call.last(NoteUtterance).text == "Yes, this is Linda Chen."


def test_his_next_words_are_a_turn_like_any_other() -> None:
    call = Placed()
    call.voice(600)
    call.words("Hello?")
    call.judge("human")
    call.reply_text("r1", "Good morning.")
    call.step(ev.PlayoutStarted(at_ms=call.now_ms, reply_id="r1"))
    call.wait(500)
    call.step(ev.PlayoutFinished(at_ms=call.now_ms, reply_id="r1", heard_ms=500))
    call.segment = 1
    call.voice(900)
    call.words("I need an appointment.")
    call.wait(2000)
    assert call.last(StartReply).text == "I need an appointment."


def test_when_nobody_can_tell_he_hears_the_agent_within_the_bound() -> None:
    call = Placed(decision_max_ms=5000)
    call.wait(4999)
    assert call.greeted == 0
    call.wait(1)
    assert call.greeted == 1


def test_a_voice_still_going_on_at_the_bound_is_not_talked_over() -> None:
    call = Placed(decision_max_ms=5000)
    call.wait(4000)
    call.voice(3000)
    assert call.greeted == 0
    call.wait(300)
    assert call.greeted == 1


def test_a_voice_without_an_end_is_talked_to_in_the_end() -> None:
    call = Placed(decision_max_ms=5000)
    call.step(ev.SpeechStarted(at_ms=call.now_ms, onset_ms=call.now_ms))
    call.wait(9900)
    assert call.greeted == 0
    call.wait(300)
    assert (call.greeted, call.phase) == (1, "holding"), "but not over it, if it stops in time"


@pytest.mark.parametrize(
    ("verdict", "cause"),
    [("machine", "machine"), ("ivr", "ivr"), ("fax", "fax"), ("silence", "no_answer")],
)
def test_what_is_hung_up_on_hears_nothing(verdict: str, cause: str) -> None:
    call = Placed(machine="hang_up", ivr="hang_up", silence="hang_up")
    call.judge(verdict)
    assert (call.ends, call.said) == ([cause], [])


@pytest.mark.parametrize("verdict", ["machine", "ivr", "silence"])
def test_by_policy_the_agent_talks_to_it_all_the_same(verdict: str) -> None:
    call = Placed(machine="continue", ivr="continue", silence="continue")
    call.judge(verdict)
    assert call.greeted == 1 and not call.ends


def test_the_message_is_left_after_the_beep_and_then_the_call_ends() -> None:
    call = Placed(machine="leave_message")
    call.voice(4000)
    call.judge("machine")
    assert call.said == []
    call.wait(1500)
    call.beep()
    assert call.said == [MESSAGE]
    call.hear_message()
    assert call.ends == ["message_left"]
    assert call.last(ReportHeard).text == MESSAGE and call.last(ReportHeard).protected == "heard"


def test_without_a_beep_the_silence_after_the_greeting_is_one() -> None:
    call = Placed(machine="leave_message", no_beep_ms=3000)
    call.voice(4000)
    call.judge("machine")
    call.wait(1000)
    call.voice(2000)  # It goes on: the silence is counted anew, from its end.
    call.wait(2800)
    assert call.said == []
    call.wait(200)
    assert call.said == [MESSAGE]


def test_a_beep_in_the_middle_of_the_message_has_it_said_again_once() -> None:
    call = Placed(machine="leave_message", no_beep_ms=3000)
    call.judge("machine")
    call.wait(3000)
    first = call.message_id()
    call.step(ev.PlayoutStarted(at_ms=call.now_ms, reply_id=first))
    call.wait(500)
    call.beep()
    assert call.said == [MESSAGE, MESSAGE] and call.last(FlushPlayout).reply_id == first
    call.step(ev.PlayoutFlushed(at_ms=call.now_ms, reply_id=first, heard_ms=400))
    call.beep()
    assert len(call.said) == 2, "whose beep that is, nobody knows"
    call.hear_message()
    assert call.ends == ["message_left"]


def test_a_voice_over_the_message_does_not_stop_it() -> None:
    call = Placed(machine="leave_message")
    call.judge("machine")
    call.beep()
    reply_id = call.message_id()
    call.step(ev.PlayoutStarted(at_ms=call.now_ms, reply_id=reply_id))
    call.voice(900)
    call.words("to send this message press one")
    assert call.phase == "speaking" and call.count(FlushPlayout) == 0


def test_a_machine_that_takes_no_message_is_left() -> None:
    call = Placed(machine="leave_message")
    call.judge("machine", "announcement", records=False)
    assert call.ends == ["machine"]


def test_a_mailbox_that_turns_out_to_be_full_is_left() -> None:
    call = Placed(machine="leave_message")
    call.judge("machine")
    call.wait(2000)
    call.judge("machine", "announcement, mailbox is full", records=False)
    assert call.ends == ["machine"]


def test_a_greeting_that_never_ends_is_not_waited_out() -> None:
    call = Placed(machine="leave_message", greeting_max_ms=20_000)
    call.judge("machine")
    call.step(ev.SpeechStarted(at_ms=call.now_ms, onset_ms=0))
    call.wait(20_000)
    assert call.ends == ["machine"] and call.said == []


def test_a_machine_that_was_taken_for_a_person_is_noticed_later() -> None:
    call = Placed(machine="leave_message")
    call.voice(600)
    call.judge("human")
    call.reply_text("r1", "Good morning, this is Robin.")
    call.step(ev.PlayoutStarted(at_ms=call.now_ms, reply_id="r1"))
    call.wait(700)
    call.judge("machine", "tone_words")
    assert call.last(FlushPlayout).reply_id == "r1" and call.phase == "screening"
    call.step(ev.PlayoutFlushed(at_ms=call.now_ms, reply_id="r1", heard_ms=600))
    call.beep()
    assert call.said[-1] == MESSAGE


def test_a_person_who_was_taken_for_a_machine_is_greeted() -> None:
    call = Placed(machine="leave_message")
    call.judge("machine", "long_greeting")
    call.wait(500)
    call.judge("human", "person_words")
    assert call.greeted == 1 and call.said == []


def test_a_key_is_pressed_by_a_person() -> None:
    call = Placed()
    call.step(ev.DtmfReceived(at_ms=call.now_ms, digit="1"))
    assert call.greeted == 1


def test_the_line_that_is_put_down_ends_the_call_without_a_word() -> None:
    call = Placed()
    call.step(ev.CallerHungUp(at_ms=call.now_ms))
    assert call.ends == ["caller_hangup"] and call.said == []


def test_an_operator_ends_it_without_a_goodbye_to_nobody() -> None:
    call = Placed()
    call.step(ev.OperatorEnded(at_ms=call.now_ms))
    assert call.ends == ["operator"] and call.greeted == 0


@pytest.mark.parametrize("reached", ["time_limit", "cost_limit"])
def test_a_limit_reached_while_we_still_listen_says_goodbye_to_nobody(reached: str) -> None:
    call = Placed(decision_max_ms=30_000)
    limits = SilencePolicy(call_max_ms=20_000, call_cost_max_usd=0.5)
    call.conversation = Conversation(
        Policy(answering=call.conversation.state.policy.answering, silence=limits)
    )
    call.commands = []
    call.step(
        ev.CallStarted(at_ms=0, call_id="call", agent="a", line="loopback", wall_time_ms=0, screened=True)
    )
    call.voice(4000)
    if reached == "cost_limit":
        call.step(ev.CostReached(at_ms=call.now_ms, cost_usd=0.5))
    call.wait(20_000)
    assert call.ends == [reached] and call.said == []
    assert not any(isinstance(command, StartReply) for command in call.commands)


def test_no_voice_for_the_message_means_no_message() -> None:
    call = Placed(machine="leave_message")
    call.judge("machine")
    call.beep()
    call.step(
        ev.SynthesisFailed(at_ms=call.now_ms, reply_id=call.message_id(), index=0, reason="unavailable")
    )
    assert call.ends == ["machine"]
    assert isinstance(call.commands[-1], EndCall), "and not a word after it"


def test_a_verdict_on_a_call_nobody_screens_changes_nothing() -> None:
    call = Script()
    before = len(call.commands)
    call.step(ev.AnswererJudged(at_ms=0, verdict="machine"))
    call.step(ev.BeepHeard(at_ms=0, ended_ms=0))
    assert len(call.commands) == before
