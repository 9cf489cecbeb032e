"""A caller who waits for a person: comfort without gaps, and a way back to us from everywhere."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, SilencePolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.handover import why_not_taken_over
from antiphon.conversation.policy import HandoverPolicy
from antiphon.conversation.state import Phase

WAITING = HandoverPolicy(comfort=("I am still with you.", "Thank you for waiting."))
HOLD_MS = 9000


def escalated(policy: HandoverPolicy = WAITING) -> Script:
    """The caller has asked for a person and was told that he is put through."""
    script = Script(Policy(handover=policy))
    script.greeted()
    script.says("I want to talk to a person.")
    script.wait(1500)
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(reply_id, "I will put you through.", then="escalate")
    script.audible(reply_id)
    script.wait(1500)
    script.heard_out(reply_id)
    return script


def comforted(script: Script) -> list[str]:
    """One stretch of comfort is made, played and heard; gives its parts, "hold" for the music."""
    reply_id = script.last(cmd.StartPlayout).reply_id
    parts = [
        made for made in script.commands if isinstance(made, cmd.Synthesize) and made.reply_id == reply_id
    ]
    for made in parts:
        duration_ms = HOLD_MS if made.sound else 60 * len(made.text)
        script.step(
            ev.ChunkSynthesized(
                at_ms=script.now_ms, reply_id=reply_id, index=made.index, duration_ms=duration_ms
            )
        )
    script.audible(reply_id)
    script.wait(HOLD_MS)
    script.heard_out(reply_id, heard_ms=HOLD_MS)
    return [made.sound or made.text for made in parts]


def spoken(script: Script, text: str) -> None:
    """The caller speaks; whether that makes a turn is not said."""
    script.step(ev.SpeechStarted(at_ms=script.now_ms, onset_ms=script.now_ms))
    script.wait(800)
    script.step(ev.SpeechStopped(at_ms=script.now_ms, ended_ms=script.now_ms))
    assert isinstance(script.commands[-1], cmd.FinalizeTranscript)
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=7, text=text))


def test_an_escalation_keeps_the_caller_and_ends_nothing() -> None:
    script = escalated()
    assert script.last(cmd.Escalate).reason == "goal_reached"
    assert script.count(cmd.EndCall) == 0


def test_music_and_words_follow_each_other_without_a_gap() -> None:
    script = escalated()
    assert [comforted(script) for _ in range(4)] == [
        ["hold"],
        ["I am still with you.", "hold"],
        ["Thank you for waiting.", "hold"],
        ["I am still with you.", "hold"],
    ]


def test_a_voice_that_fails_leaves_the_music() -> None:
    script = escalated()
    comforted(script)
    script.wait(5000)  # Not a sample of the next words: their deadline passes.
    reply_id = script.last(cmd.StartPlayout).reply_id
    made = [
        one.sound for one in script.commands if isinstance(one, cmd.Synthesize) and one.reply_id == reply_id
    ]
    assert made == ["hold"]


def test_what_the_caller_says_meanwhile_takes_no_turn_and_is_noted() -> None:
    script = escalated()
    turns = script.count(cmd.CommitTurn)
    playing = script.last(cmd.StartPlayout).reply_id
    script.audible(playing)
    spoken(script, "Hello? Is anybody there?")
    script.wait(3000)
    assert script.count(cmd.CommitTurn) == turns
    assert script.last(cmd.NoteUtterance).text == "Hello? Is anybody there?"
    assert not any(isinstance(one, cmd.PausePlayout) for one in script.commands[-20:])


def test_a_person_who_joins_silences_the_comfort_and_us() -> None:
    script = escalated()
    playing = script.last(cmd.StartPlayout).reply_id
    script.audible(playing)
    script.step(ev.PersonJoined(at_ms=script.now_ms))
    assert script.last(cmd.FlushPlayout).reply_id == playing
    assert script.phase == "away"
    said = script.count(cmd.Synthesize)
    script.step(ev.PlayoutFlushed(at_ms=script.now_ms, reply_id=playing, heard_ms=100))
    spoken(script, "Good morning, I have a question about my bill.")
    script.wait(120_000)
    assert script.count(cmd.Synthesize) == said
    assert script.count(cmd.EndCall) == 0


def test_we_hear_no_more_once_both_were_heard_and_the_call_ends_with_the_person() -> None:
    script = escalated()
    script.step(ev.PersonJoined(at_ms=script.now_ms))
    script.step(ev.HandedOver(at_ms=script.now_ms))
    assert script.count(cmd.StepAside) == 1
    script.step(ev.PersonLeft(at_ms=script.now_ms + 1000))
    assert script.last(cmd.EndCall).cause == "escalated"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("busy", WAITING.busy),
        ("declined", WAITING.declined),
        ("lost", WAITING.lost),
        ("voicemail", WAITING.no_answer),
        ("no_answer", WAITING.no_answer),
    ],
)
def test_a_caller_who_comes_back_is_told_why_and_can_go_on(result: str, words: str) -> None:
    script = escalated()
    script.step(ev.HandoverFailed(at_ms=script.now_ms, result=result))
    told = script.last(cmd.Synthesize)
    assert told.text == words
    script.step(ev.ChunkSynthesized(at_ms=script.now_ms, reply_id=told.reply_id, index=0, duration_ms=3000))
    script.audible(told.reply_id)
    script.wait(3000)
    script.heard_out(told.reply_id, heard_ms=3000)
    assert script.phase == "listening"
    turns = script.count(cmd.CommitTurn)
    script.segment += 1
    script.says("Then I would like an appointment.")
    script.wait(1500)
    assert script.count(cmd.CommitTurn) == turns + 1


def test_a_hum_while_he_waits_takes_no_words_from_him() -> None:
    """An empty final is not the last of its segment: the words after it are not lost."""
    script = escalated()
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=7, text=""))
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=7, text="Hello?"))
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="waiting", text="Hello?")
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=7, text="Hello?"))
    assert script.last(cmd.NoteUtterance).kind == "late", "given twice"


def test_a_cough_before_the_wait_takes_no_words_from_him() -> None:
    """Its empty final settles the segment: the recogniser must be told, or all that follows is too late."""
    script = Script(Policy(handover=WAITING))
    script.greeted()
    script.step(ev.SpeechStarted(at_ms=script.now_ms, onset_ms=script.now_ms))
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=7, text=""))
    script.step(ev.OperatorHolds(at_ms=script.now_ms))
    assert cmd.NoteUtterance(kind="noise", text="") in script.commands


def test_who_speaks_while_he_is_given_back_is_not_talked_over_and_is_answered() -> None:
    script = escalated()
    script.step(ev.SpeechStarted(at_ms=script.now_ms, onset_ms=script.now_ms))
    script.wait(500)
    told = script.step(ev.HandoverFailed(at_ms=script.now_ms, result="busy"))
    assert script.phase == "holding" and isinstance(told[-2], cmd.PausePlayout), "before the first sample"
    script.wait(600)
    script.step(ev.SpeechStopped(at_ms=script.now_ms, ended_ms=script.now_ms))
    assert script.count(cmd.FinalizeTranscript) == 2, "also of what he began to say while he waited"
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=7, text="Hello? Can you book me for Friday?"))
    script.wait(2000)
    assert script.last(cmd.CommitTurn).text == "Hello? Can you book me for Friday?"


def test_a_caller_comes_back_from_a_person_who_was_lost() -> None:
    script = escalated()
    script.step(ev.PersonJoined(at_ms=script.now_ms))
    script.step(ev.HandoverFailed(at_ms=script.now_ms + 5000, result="lost"))
    assert script.last(cmd.Synthesize).text == WAITING.lost


def test_nobody_waits_for_ever() -> None:
    script = escalated(HandoverPolicy(wait_max_ms=20_000))
    script.wait(20_000)
    assert script.count(cmd.CallOff) == 1
    assert script.last(cmd.Synthesize).text == HandoverPolicy().no_answer
    script.step(ev.PersonJoined(at_ms=script.now_ms))
    assert script.phase != "away", "he is ours again, whoever picks up now"


def test_a_caller_who_hangs_up_while_he_waits_ends_the_call() -> None:
    script = escalated()
    script.step(ev.CallerHungUp(at_ms=script.now_ms))
    assert script.last(cmd.EndCall).cause == "caller_hangup"


def test_a_caller_may_be_put_through_a_second_time() -> None:
    script = escalated()
    script.step(ev.HandoverFailed(at_ms=script.now_ms, result="busy"))
    told = script.last(cmd.Synthesize)
    script.step(ev.ChunkSynthesized(at_ms=script.now_ms, reply_id=told.reply_id, index=0, duration_ms=1000))
    script.audible(told.reply_id)
    script.wait(1000)
    script.heard_out(told.reply_id, heard_ms=1000)
    script.segment += 1
    script.says("Please try again.")
    script.wait(1500)
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(reply_id, "I will.", then="escalate")
    script.audible(reply_id)
    script.heard_out(reply_id)
    assert script.count(cmd.Escalate) == 2
    assert script.count(cmd.EndCall) == 0


def test_our_own_trouble_makes_nobody_wait_twice() -> None:
    """Nothing works and nobody answers: the second time the call ends, as it would without handover."""
    script = escalated()
    script.step(ev.HandoverFailed(at_ms=script.now_ms, result="no_answer"))
    for _ in range(4):
        if script.count(cmd.EndCall):
            break
        broken = script.last(cmd.Synthesize)
        script.step(
            ev.SynthesisFailed(at_ms=script.now_ms, reply_id=broken.reply_id, index=0, reason="no voice")
        )
    assert script.count(cmd.Escalate) == 2
    assert script.last(cmd.EndCall).cause == "escalated"


def test_without_somebody_to_call_an_escalation_ends_the_call_as_ever() -> None:
    script = Script(Policy(silence=SilencePolicy()))
    script.greeted()
    script.says("I want to talk to a person.")
    script.wait(1500)
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(reply_id, "I will put you through.", then="escalate")
    script.audible(reply_id)
    script.heard_out(reply_id)
    assert script.last(cmd.EndCall).cause == "escalated"


# An operator's hold: the same wait, with nobody called.


def held() -> Script:
    script = Script()
    script.greeted()
    script.step(ev.OperatorHolds(at_ms=script.now_ms))
    return script


def test_a_caller_on_hold_hears_music_and_no_promise_of_a_colleague() -> None:
    script = held()
    assert [comforted(script) for _ in range(3)] == [["hold"], ["hold"], ["hold"]]
    turns = script.count(cmd.CommitTurn)
    spoken(script, "Hello?")
    script.wait(3000)
    assert script.count(cmd.CommitTurn) == turns and script.last(cmd.NoteUtterance).text == "Hello?"
    assert script.count(cmd.Escalate) == 0


def test_a_caller_who_is_brought_back_is_thanked_and_can_go_on() -> None:
    script = held()
    script.step(ev.OperatorResumes(at_ms=script.now_ms + 5000))
    script.now_ms += 5000
    told = script.last(cmd.Synthesize)
    assert told.text == "Thank you for waiting."
    script.step(ev.ChunkSynthesized(at_ms=script.now_ms, reply_id=told.reply_id, index=0, duration_ms=1000))
    script.audible(told.reply_id)
    script.wait(1000)
    script.heard_out(told.reply_id, heard_ms=1000)
    assert script.phase == "listening"
    turns = script.count(cmd.CommitTurn)
    script.segment += 1
    script.says("I would like an appointment.")
    script.wait(1500)
    assert script.count(cmd.CommitTurn) == turns + 1


def test_a_forgotten_caller_is_brought_back_after_ten_minutes() -> None:
    script = held()
    script.wait(600_000)
    assert script.last(cmd.Synthesize).text == "Thank you for waiting."
    assert script.count(cmd.CallOff) == 0, "there was nobody to call off"


def test_a_caller_on_hold_can_be_put_through() -> None:
    script = Script(Policy(handover=WAITING))
    script.greeted()
    script.step(ev.OperatorHolds(at_ms=script.now_ms))
    script.step(ev.OperatorTransfers(at_ms=script.now_ms))
    told = script.last(cmd.Synthesize)
    assert told.text == WAITING.put_through
    script.step(ev.ChunkSynthesized(at_ms=script.now_ms, reply_id=told.reply_id, index=0, duration_ms=500))
    script.audible(told.reply_id)
    script.wait(500)
    script.heard_out(told.reply_id, heard_ms=500)
    assert script.last(cmd.Escalate).reason == "operator"


def test_a_caller_who_speaks_on_does_not_talk_an_operator_out_of_putting_him_through() -> None:
    """And what he says until then is on record: the person may want to know."""
    script = Script(Policy(handover=WAITING))
    script.greeted()
    script.voice()
    script.wait(600)
    script.partial("I have waited for")
    script.step(ev.OperatorTransfers(at_ms=script.now_ms))
    told = script.last(cmd.Synthesize)
    script.step(ev.ChunkSynthesized(at_ms=script.now_ms, reply_id=told.reply_id, index=0, duration_ms=900))
    script.audible(told.reply_id)
    script.wait(300)
    script.segment += 1
    script.partial("an hour and nobody has called me back")
    assert script.count(cmd.PausePlayout) == 0 and script.count(cmd.FlushPlayout) == 0
    script.pause()
    assert script.last(cmd.FinalizeTranscript), "his words are asked for"
    script.final("an hour and nobody has called me back")
    script.wait(600)
    script.heard_out(told.reply_id, heard_ms=900)
    assert script.last(cmd.Escalate).reason == "operator"
    noted = [(c.kind, c.text) for c in script.commands if isinstance(c, cmd.NoteUtterance)]
    assert noted == [("waiting", "I have waited for"), ("waiting", "an hour and nobody has called me back")]
    assert script.count(cmd.CommitTurn) == 0


@pytest.mark.parametrize(
    "news",
    [
        ev.PersonJoined(at_ms=0),
        ev.HandedOver(at_ms=0),
        ev.HandoverFailed(at_ms=0, result="busy"),
        ev.PersonLeft(at_ms=0),
        ev.OperatorHolds(at_ms=0),
    ],
)
def test_news_of_a_person_nobody_called_moves_no_caller_on_hold(news: ev.AnyEvent) -> None:
    script = held()
    said, ended = script.count(cmd.Synthesize), script.count(cmd.EndCall)
    script.step(msgspec.structs.replace(news, at_ms=script.now_ms))
    assert (script.count(cmd.Synthesize), script.count(cmd.EndCall)) == (said, ended)
    script.step(ev.OperatorResumes(at_ms=script.now_ms))
    assert script.last(cmd.Synthesize).text == "Thank you for waiting."


def test_nobody_is_brought_back_who_was_not_on_hold() -> None:
    script = Script()
    script.greeted()
    said = script.count(cmd.Synthesize)
    script.step(ev.OperatorResumes(at_ms=script.now_ms))
    assert script.count(cmd.Synthesize) == said
    waiting = escalated()
    said = waiting.count(cmd.Synthesize)
    waiting.step(ev.OperatorResumes(at_ms=waiting.now_ms))
    assert waiting.count(cmd.Synthesize) == said, "a person is being called for this one"


# An operator who speaks with the caller himself.


def taken_over(script: Script | None = None) -> Script:
    script = script or Script()
    if script.phase == "idle":
        script.greeted()
    script.step(ev.OperatorTakesOver(at_ms=script.now_ms))
    return script


def test_an_agent_that_was_taken_over_says_nothing_and_notes_what_the_caller_says() -> None:
    script = taken_over()
    assert script.phase == "away"
    said, turns = script.count(cmd.Synthesize), script.count(cmd.CommitTurn)
    spoken(script, "Is this a human?")
    script.wait(60_000)
    assert script.last(cmd.NoteUtterance).text == "Is this a human?"
    assert (script.count(cmd.Synthesize), script.count(cmd.CommitTurn)) == (said, turns)
    assert script.count(cmd.EndCall) == 0, "silence between two people is theirs"


def test_it_falls_silent_in_the_middle_of_a_word() -> None:
    script = Script()
    script.greeted()
    script.says("What are your hours?")
    script.wait(1500)
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(reply_id, "We are open from eight to six on weekdays.")
    script.audible(reply_id)
    script.wait(300)
    taken_over(script)
    assert script.last(cmd.FlushPlayout).reply_id == reply_id
    script.step(ev.PlayoutFlushed(at_ms=script.now_ms, reply_id=reply_id, heard_ms=300))
    assert script.last(cmd.ReportHeard).complete is False


def test_a_caller_who_is_given_back_can_go_on_with_the_agent() -> None:
    script = taken_over()
    script.wait(30_000)
    script.step(ev.OperatorGivesBack(at_ms=script.now_ms))
    told = script.last(cmd.Synthesize)
    assert told.text == "You are with me again. What else can I do for you?"
    script.step(ev.ChunkSynthesized(at_ms=script.now_ms, reply_id=told.reply_id, index=0, duration_ms=1000))
    script.audible(told.reply_id)
    script.wait(1000)
    script.heard_out(told.reply_id, heard_ms=1000)
    assert script.phase == "listening"
    turns = script.count(cmd.CommitTurn)
    script.segment += 1
    script.says("I would like an appointment.")
    script.wait(1500)
    assert script.count(cmd.CommitTurn) == turns + 1


def test_a_call_that_was_taken_over_ends_by_itself_after_an_hour_and_by_its_caller_at_once() -> None:
    forgotten = taken_over()
    forgotten.wait(3_600_000)
    assert forgotten.last(cmd.EndCall).cause == "time_limit"
    left = taken_over()
    left.step(ev.CallerHungUp(at_ms=left.now_ms))
    assert left.last(cmd.EndCall).cause == "caller_hangup"


@pytest.mark.parametrize(
    "news",
    [
        ev.PersonJoined(at_ms=0),
        ev.HandedOver(at_ms=0),
        ev.HandoverFailed(at_ms=0, result="busy"),
        ev.PersonLeft(at_ms=0),
        ev.OperatorHolds(at_ms=0),
        ev.OperatorResumes(at_ms=0),
        ev.OperatorTransfers(at_ms=0),
        ev.OperatorTakesOver(at_ms=0),
    ],
)
def test_nothing_else_moves_a_caller_an_operator_speaks_with(news: ev.AnyEvent) -> None:
    script = taken_over()
    before = (script.count(cmd.Synthesize), script.count(cmd.EndCall), script.count(cmd.StepAside))
    script.step(msgspec.structs.replace(news, at_ms=script.now_ms))
    assert (script.count(cmd.Synthesize), script.count(cmd.EndCall), script.count(cmd.StepAside)) == before
    assert script.phase == "away"


def test_a_caller_on_hold_can_be_taken_over_and_one_a_person_was_called_for_cannot() -> None:
    assert taken_over(held()).phase == "away"
    waiting = escalated()
    waiting.step(ev.OperatorTakesOver(at_ms=waiting.now_ms))
    assert waiting.phase != "away"
    script = Script()
    script.greeted()
    said = script.count(cmd.Synthesize)
    script.step(ev.OperatorGivesBack(at_ms=script.now_ms))
    assert script.count(cmd.Synthesize) == said, "nobody is given back who was not taken"


def test_an_operator_ends_the_call_of_a_caller_who_waits() -> None:
    script = escalated()
    script.step(ev.OperatorEnded(at_ms=script.now_ms))
    assert script.last(cmd.EndCall).cause == "operator"


@pytest.mark.parametrize(("limit_usd", "ends"), [(1.0, True), (2.0, False), (0.0, False)])
def test_a_cost_limit_ends_the_wait_but_no_talk_with_a_person(limit_usd: float, ends: bool) -> None:
    limited = Policy(handover=WAITING, silence=SilencePolicy(call_cost_max_usd=limit_usd))
    script = escalated()
    script.conversation.state.policy = limited
    script.step(ev.CostReached(at_ms=script.now_ms, cost_usd=1.0))
    assert script.count(cmd.EndCall) == ends
    talks = escalated()
    talks.conversation.state.policy = limited
    talks.step(ev.PersonJoined(at_ms=talks.now_ms))
    talks.step(ev.CostReached(at_ms=talks.now_ms, cost_usd=1.0))
    assert talks.count(cmd.EndCall) == 0


def test_who_talks_with_a_person_is_bounded_by_that_talk_alone() -> None:
    script = escalated()
    script.step(ev.PersonJoined(at_ms=script.now_ms))
    assert script.conversation.state.timers == {"call_limit": script.now_ms + WAITING.talk_max_ms}


def test_who_comes_back_from_an_operator_has_the_time_of_a_call_again() -> None:
    script = Script()
    script.greeted()
    script.says("my card does not")
    script.step(ev.OperatorTakesOver(at_ms=script.now_ms))
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="waiting", text="my card does not")
    drafts = [c for c in script.commands if isinstance(c, cmd.StartReply) and c.speculative]
    assert script.count(cmd.CancelReply) == len(drafts)
    assert list(script.conversation.state.timers) == ["call_limit"]
    script.wait(60_000)
    script.step(ev.OperatorGivesBack(at_ms=script.now_ms))
    limit_ms = script.now_ms + Policy().silence.call_max_ms
    assert script.conversation.state.timers["call_limit"] == limit_ms


def test_an_operator_is_told_why_he_cannot_take_over() -> None:
    early = Script()
    early.conversation.state.phase = Phase.IDLE
    assert "nobody is there" in why_not_taken_over(early.conversation.state)
    assert "by itself" in why_not_taken_over(Script(Policy(unified=True)).conversation.state)
    leaving = Script()
    leaving.greeted()
    assert why_not_taken_over(leaving.conversation.state) == ""
    leaving.step(ev.OperatorEnded(at_ms=leaving.now_ms))
    assert "ending" in why_not_taken_over(leaving.conversation.state)
    goodbye = leaving.last(cmd.StartReply)
    assert leaving.step(ev.OperatorTakesOver(at_ms=leaving.now_ms)) == []
    assert leaving.step(ev.OperatorHolds(at_ms=leaving.now_ms)) == []
    assert leaving.last(cmd.StartReply) == goodbye
    leaving.step(ev.CallerHungUp(at_ms=leaving.now_ms))
    assert "ending" in why_not_taken_over(leaving.conversation.state)
    taken = Script()
    taken.greeted()
    taken.step(ev.OperatorTakesOver(at_ms=taken.now_ms))
    assert "somebody speaks" in why_not_taken_over(taken.conversation.state)
    assert list(taken.conversation.state.timers) == ["call_limit"], "nobody is asked whether he is there"
    over = Script()
    over.step(ev.CallerHungUp(at_ms=0))
    assert "ending" in why_not_taken_over(over.conversation.state)


def test_a_final_that_was_lost_while_he_waits_is_no_word_of_his() -> None:
    script = escalated()
    notes = script.count(cmd.NoteUtterance)
    script.step(ev.TranscriptFinal(at_ms=script.now_ms, segment=7, text="half", lost=True))
    assert script.count(cmd.NoteUtterance) == notes
