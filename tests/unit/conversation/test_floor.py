"""Barge-in, backchannels, noise: who has the floor and what the caller heard."""

from __future__ import annotations

import pytest
from tests.unit.conversation.scenes import Scene, speaking
from tests.unit.conversation.script import Script

from antiphon.conversation import Policy, TurnPolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.phrases import phrases_of
from antiphon.conversation.playing import ACKNOWLEDGED_WITHIN_MS
from antiphon.conversation.policy import PRESETS


def _speaking(policy: Policy | None = None, *, expects: str = "") -> Script:
    """The agent says three sentences and has been heard for a second."""
    script = Script(policy)
    script.greeted()
    script.segment = 0
    script.says("What are your hours?")
    script.wait(300)
    script.segment = 1
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(
        reply_id, "We open at eight.", "We close at five.", "On Friday we close at noon.", expects=expects
    )
    script.audible(reply_id)
    script.now_ms += 1000
    script.step(ev.PlayoutMark(at_ms=script.now_ms, reply_id=reply_id, heard_ms=1000))
    return script


def _flushed(script: Script, heard_ms: int) -> None:
    flush = script.last(cmd.FlushPlayout)
    script.step(ev.PlayoutFlushed(at_ms=script.now_ms, reply_id=flush.reply_id, heard_ms=heard_ms))


def test_a_voice_over_ours_pauses_playout_at_once() -> None:
    script = _speaking()
    commands = script.voice()
    assert any(isinstance(command, cmd.PausePlayout) for command in commands)
    assert script.phase == "holding"


def test_words_over_ours_take_the_floor_and_context_is_what_was_heard() -> None:
    script = _speaking()
    script.voice()
    script.now_ms += 400
    script.partial("No wait")
    assert script.count(cmd.FlushPlayout) == 1
    _flushed(script, 1050)
    heard = script.last(cmd.ReportHeard)
    assert heard.text == "We open at eight."
    assert not heard.complete
    assert script.phase == "listening"


def test_a_backchannel_resumes_from_the_same_sample_and_is_kept() -> None:
    script = _speaking()
    script.voice()
    script.now_ms += 300
    script.pause()
    script.now_ms += 60
    script.final("Mm-hmm.")
    assert script.last(cmd.ResumePlayout).rewind_ms == 0
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="backchannel", text="Mm-hmm.")
    assert script.count(cmd.FlushPlayout) == 0


def test_a_cough_resumes_within_the_hold_bound() -> None:
    script = _speaking()
    script.voice()
    script.wait(899)
    assert script.count(cmd.ResumePlayout) == 0
    script.wait(1)
    assert script.count(cmd.ResumePlayout) == 1


def test_words_that_come_after_the_hold_bound_still_take_the_floor() -> None:
    script = _speaking()
    script.voice()
    script.wait(900)
    script.partial("Excuse me")
    assert script.count(cmd.FlushPlayout) == 1


@pytest.mark.parametrize("preset", PRESETS)
def test_after_a_cough_that_made_us_wait_we_go_on_at_the_clause_that_was_cut(preset: str) -> None:
    """Not in the middle of a word, 900 ms after its first half."""
    script = _speaking(Policy(turn=PRESETS[preset]))
    script.voice()
    script.wait(PRESETS[preset].hold_ms)
    assert script.last(cmd.ResumePlayout).rewind_ms == 1000


def test_yes_is_an_answer_when_the_question_asks_for_one() -> None:
    script = _speaking(expects="yes_no")
    script.voice()
    script.now_ms += 300
    script.partial("Yes")
    assert script.count(cmd.FlushPlayout) == 1


def test_hello_over_the_greeting_does_not_cut_it() -> None:
    script = Script()
    script.reply_text("r1", "Hello, this is the clinic.", "How can I help?")
    script.audible("r1")
    script.now_ms += 300
    script.voice()
    script.now_ms += 300
    script.partial("Hello?")
    assert script.count(cmd.FlushPlayout) == 0


def test_a_protected_greeting_is_heard_to_its_end_and_the_words_over_it_are_answered_after() -> None:
    script = Script(Policy(protect_greeting=True))
    script.reply_text("r1", "This call is recorded.")
    script.audible("r1")
    script.now_ms += 300
    script.says("I need a doctor today.")
    assert script.count(cmd.PausePlayout) == 0
    script.heard_out("r1")
    script.wait(1000)
    assert script.last(cmd.CommitTurn).text == "I need a doctor today."


def test_speech_before_the_first_sample_withholds_the_reply() -> None:
    script = Script()
    script.greeted()
    script.says("What are your hours?")
    script.wait(300)
    script.segment = 1
    script.now_ms += 50
    script.voice()
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(reply_id, "We open at eight.")
    assert script.last(cmd.StartPlayout).reply_id != reply_id
    script.now_ms += 500
    script.partial("on Saturday")
    assert script.last(cmd.ReportHeard) == cmd.ReportHeard(reply_id=reply_id, text="", complete=False)


def test_words_hardly_believed_interrupt_nobody_and_the_same_words_do_once_they_are_believed() -> None:
    script = _speaking()
    script.voice()
    guess = ev.TranscriptPartial(at_ms=script.now_ms, segment=0, text="Stop, I told him twice", guess=True)
    assert script.step(guess) == []
    script.partial("Stop")
    assert script.last(cmd.FlushPlayout)


def test_audio_of_a_reply_that_was_given_up_changes_nothing() -> None:
    script = _speaking()
    reply_id = script.last(cmd.StartPlayout).reply_id
    script.voice()
    script.partial("Stop")
    _flushed(script, 900)
    before = len(script.commands)
    script.step(ev.PlayoutMark(at_ms=script.now_ms, reply_id=reply_id, heard_ms=1500))
    script.step(ev.PlayoutFinished(at_ms=script.now_ms, reply_id=reply_id, heard_ms=1500))
    script.step(ev.ReplyText(at_ms=script.now_ms, reply_id=reply_id, index=3, text="Late."))
    assert len(script.commands) == before


def test_an_effect_under_way_is_not_cancelled_by_a_barge_in() -> None:
    script = Script()
    script.greeted()
    script.says("Yes, book it please now.")
    script.wait(300)
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.step(
        ev.ToolRequested(
            at_ms=script.now_ms,
            reply_id=reply_id,
            tool_call_id="t1",
            name="book",
            arguments="{}",
            effect="write",
        )
    )
    assert script.count(cmd.RunTool) == 1
    cancelled = script.count(cmd.CancelReply)
    script.segment = 1
    script.voice()
    script.partial("Actually wait a moment please")
    assert script.count(cmd.CancelReply) == cancelled


def test_an_effect_asked_for_by_a_draft_waits_for_the_turn() -> None:
    script = Script()
    script.greeted()
    script.says("Yes, book it please now.")
    draft = script.last(cmd.StartReply)
    script.step(
        ev.ToolRequested(
            at_ms=script.now_ms,
            reply_id=draft.reply_id,
            tool_call_id="t1",
            name="book",
            arguments="{}",
            effect="write",
        )
    )
    assert script.count(cmd.RunTool) == 0
    script.wait(300)
    assert script.count(cmd.RunTool) == 1


def test_the_same_effect_in_the_same_turn_runs_once() -> None:
    script = Script()
    script.greeted()
    script.says("Yes, book it please now.")
    script.wait(300)
    reply_id = script.last(cmd.ConfirmReply).reply_id
    for tool_call_id in ("t1", "t2"):
        script.step(
            ev.ToolRequested(
                at_ms=script.now_ms,
                reply_id=reply_id,
                tool_call_id=tool_call_id,
                name="book",
                arguments="{}",
                effect="write",
            )
        )
    assert script.count(cmd.RunTool) == 1
    assert script.last(cmd.ReuseToolResult) == cmd.ReuseToolResult(tool_call_id="t2", source_id="t1")


def _leaving() -> tuple[Script, str]:
    """The caller has said that this is all; the agent is saying goodbye."""
    script = Script()
    script.greeted()
    script.says("No, that's all.")
    script.wait(300)
    script.segment = 1
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(reply_id, "Thanks for calling.", "Goodbye.", then="end")
    script.audible(reply_id)
    script.now_ms += 400
    return script, reply_id


def test_a_farewell_over_ours_does_not_start_it_again() -> None:
    script, reply_id = _leaving()
    script.voice()
    script.now_ms += 500
    script.partial("Thank you")
    script.pause()
    script.now_ms += 60
    script.final("Thank you, goodbye.")
    assert script.count(cmd.FlushPlayout) == 0
    assert script.last(cmd.ResumePlayout).reply_id == reply_id
    script.heard_out(reply_id)
    assert script.last(cmd.EndCall).cause == "goal_reached"


def test_a_question_over_our_goodbye_is_heard() -> None:
    script, _ = _leaving()
    script.voice()
    script.now_ms += 600
    script.partial("Oh wait, do I need to bring anything")
    assert script.count(cmd.FlushPlayout) == 1
    assert script.count(cmd.EndCall) == 0


def test_words_of_a_crowd_behind_the_caller_take_no_floor() -> None:
    script = _speaking()
    script.voice()
    script.step(ev.VoiceWeighed(at_ms=script.now_ms, sure=False))
    script.now_ms += 400
    script.partial("Wait there I told him twice")
    assert not script.count(cmd.FlushPlayout)
    script.wait(900)
    assert script.phase == "speaking"
    script.pause()
    script.final("Wait there I told him twice.")
    notes = [command for command in script.commands if isinstance(command, cmd.NoteUtterance)]
    assert (notes[-1].kind, notes[-1].text) == ("noise", "Wait there I told him twice.")
    assert not script.count(cmd.FlushPlayout)


def test_words_take_the_floor_as_soon_as_it_is_known_to_be_the_caller() -> None:
    script = _speaking()
    script.voice()
    script.step(ev.VoiceWeighed(at_ms=script.now_ms, sure=False))
    script.now_ms += 400
    script.partial("Wait, can I ask something")
    assert not script.count(cmd.FlushPlayout)
    script.step(ev.VoiceWeighed(at_ms=script.now_ms, sure=True))
    assert script.count(cmd.FlushPlayout) == 1


def test_a_hum_misheard_at_first_costs_no_sentence() -> None:
    script = _speaking(Policy(turn=TurnPolicy(few_words_ms=600)))
    script.voice()
    script.now_ms += 350
    script.partial("I'll try")
    assert not script.count(cmd.FlushPlayout)
    script.now_ms += 100
    script.pause()
    script.now_ms += 60
    script.final("Uh-huh.")
    assert not script.count(cmd.FlushPlayout)
    assert script.phase == "speaking"


def test_few_words_take_the_floor_at_the_latest_with_the_hold() -> None:
    script = _speaking(Policy(turn=TurnPolicy(few_words_ms=600)))
    script.voice()
    script.now_ms += 350
    script.partial("Which Friday")
    assert not script.count(cmd.FlushPlayout)
    script.wait(900)
    assert script.count(cmd.FlushPlayout) == 1


def _says_what_we_said(policy: Policy | None = None) -> Script:
    """The first words of a caller are some that we have just said."""
    script = _speaking(policy)
    script.voice()
    script.wait(400)
    script.partial("You open at eight")
    assert script.phase == "holding", "it may be our echo"
    return script


def test_a_voice_that_outlasts_our_echo_is_the_callers_and_we_are_not_heard_again() -> None:
    script = _says_what_we_said()
    script.wait(500)
    script.partial("You open at eight on Sundays too")
    assert script.count(cmd.FlushPlayout) == 1
    assert not script.count(cmd.ResumePlayout)


def test_a_short_hold_waits_until_our_echo_must_be_over() -> None:
    script = _says_what_we_said(Policy(turn=TurnPolicy(hold_ms=500)))
    script.wait(499)
    assert (script.phase, script.count(cmd.FlushPlayout)) == ("holding", 0)
    script.wait(1)
    assert (script.count(cmd.ResumePlayout), script.count(cmd.FlushPlayout)) == (0, 1)


def test_an_echo_that_ends_with_us_costs_no_more_than_the_hold() -> None:
    script = _says_what_we_said()
    script.pause()
    script.wait(500)
    assert (script.count(cmd.ResumePlayout), script.count(cmd.FlushPlayout)) == (1, 0)


def test_a_voice_that_sounds_as_ours_but_outlasts_our_echo_is_the_callers() -> None:
    script = _speaking()
    script.voice()
    script.wait(500)
    script.step(ev.VoiceWeighed(at_ms=script.now_ms, sure=False, echo=True))
    script.partial("Could you tell me")
    script.wait(400)
    assert (script.count(cmd.ResumePlayout), script.count(cmd.FlushPlayout)) == (0, 1)


def test_listening_noises_that_go_on_do_not_silence_us() -> None:
    script = _speaking()
    script.voice()
    script.wait(400)
    script.partial("mm-hm okay right")
    script.wait(500)
    assert (script.count(cmd.ResumePlayout), script.count(cmd.FlushPlayout)) == (1, 0)


def _says_over_us(script: Script, text: str, confidence: float) -> None:
    """A short voice over ours whose words come with its end."""
    script.voice()
    script.now_ms += 450
    script.pause()
    script.now_ms += 60
    segment = script.segment
    final = ev.TranscriptFinal(at_ms=script.now_ms, segment=segment, text=text, confidence=confidence)
    script.step(final)


def test_few_words_the_recogniser_hardly_believes_are_a_hum() -> None:
    script = _speaking()
    _says_over_us(script, "Bye.", 0.34)
    notes = [command for command in script.commands if isinstance(command, cmd.NoteUtterance)]
    assert [(note.kind, note.text) for note in notes] == [("noise", "Bye.")]
    assert script.count(cmd.ResumePlayout) == 1
    assert not script.count(cmd.FlushPlayout)


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("Thursday.", 0.8),
        ("Wait.", 0.2),  # Nobody hums that.
        ("Not the one on Thursday.", 0.3),  # Too many words for a hum.
    ],
)
def test_words_that_are_no_hum_interrupt(text: str, confidence: float) -> None:
    script = _speaking()
    _says_over_us(script, text, confidence)
    assert script.count(cmd.FlushPlayout) == 1


def test_a_short_answer_to_a_question_is_one_however_unsure() -> None:
    script = _speaking()
    assert script.conversation.state.reply is not None
    script.conversation.state.reply.expects = "date"
    _says_over_us(script, "Thursday.", 0.3)
    assert script.count(cmd.FlushPlayout) == 1


def _asking(*chunks: str, left_ms: int, language: str = "en") -> Script:
    """The agent has been heard but for so much."""
    script = Script(Policy(language=language, backchannels=phrases_of(language).backchannels))
    script.greeted()
    script.segment = 0
    script.says("I need a cleaning.")
    script.wait(300)
    script.segment = 1
    reply_id = script.last(cmd.ConfirmReply).reply_id
    script.reply_text(reply_id, *chunks)
    script.audible(reply_id)
    heard_ms = 60 * sum(map(len, chunks)) - left_ms
    script.now_ms += heard_ms
    script.step(ev.PlayoutMark(at_ms=script.now_ms, reply_id=reply_id, heard_ms=heard_ms))
    return script


def _answers_over_it(script: Script, text: str) -> None:
    script.voice()
    script.now_ms += 300
    script.pause()
    script.now_ms += 60
    script.final(text)


@pytest.mark.parametrize("text", ["Yes.", "Yeah, sure.", "Okay.", "Mm-hmm."])
@pytest.mark.parametrize("question", ["Shall I book it?", "Shall I book it?\u201d", "要预约吗？"])
def test_a_yes_over_the_last_words_of_a_question_is_its_answer(text: str, question: str) -> None:
    script = _asking("Thursday at ten is free.", question, left_ms=500)
    _answers_over_it(script, text)
    _flushed(script, 2000)
    script.score(0.9)
    script.wait(1500)
    assert script.last(cmd.CommitTurn).text == text
    assert script.count(cmd.NoteUtterance) == 0


@pytest.mark.parametrize(
    ("language", "question", "text"),
    [
        ("es", "¿Le reservo la cita?", "Sí, vale."),
        ("fr", "Je vous le réserve ?", "Oui, d'accord."),
        ("de", "Soll ich ihn eintragen?", "Ja, genau."),
    ],
)
def test_a_yes_over_a_question_is_its_answer_in_every_language(
    language: str, question: str, text: str
) -> None:
    script = _asking("Thursday at ten.", question, left_ms=500, language=language)
    _answers_over_it(script, text)
    _flushed(script, 1500)
    script.score(0.9)
    script.wait(1500)
    assert script.last(cmd.CommitTurn).text == text
    told = _asking(question, "Thursday at ten.", left_ms=900, language=language)
    _answers_over_it(told, text)
    assert told.last(cmd.NoteUtterance).kind == "backchannel", "more follows"


@pytest.mark.parametrize(
    ("chunks", "left_ms"),
    [
        (("Shall I book it?", "It would be at ten."), 1400),  # More follows: he listens.
        (("Thursday at ten is free.", "Shall I book it?"), 900),  # He cannot know yet what is asked.
        (("Thursday at ten is free.", "I have booked it."), 300),
    ],
)
def test_a_yes_over_anything_else_is_a_listening_noise(chunks: tuple[str, ...], left_ms: int) -> None:
    script = _asking(*chunks, left_ms=left_ms)
    _answers_over_it(script, "Yes.")
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="backchannel", text="Yes.")
    assert script.count(cmd.FlushPlayout) == 0


@pytest.mark.parametrize("text", ["Yes.", "Okay."])
def test_a_yes_into_a_question_is_answered_when_that_was_heard_out(text: str) -> None:
    script = _asking("We have two.", "Would you like the Thursday slot at ten?", left_ms=1500)
    _answers_over_it(script, text)
    assert script.last(cmd.ResumePlayout).rewind_ms == 0
    script.wait(1500)
    assert script.count(cmd.FlushPlayout) == script.count(cmd.NoteUtterance) == 0
    script.heard_out("r2", 60 * len("We have two.Would you like the Thursday slot at ten?"))
    script.wait(400)
    assert script.last(cmd.CommitTurn).text == text


def test_an_answer_into_a_question_is_not_forgotten_when_its_final_comes_twice() -> None:
    script = _asking("We have two.", "Would you like the Thursday slot at ten?", left_ms=1750)
    _answers_over_it(script, "Yes.")
    script.final("Yes.")
    assert script.count(cmd.NoteUtterance) == 0
    script.wait(1500)
    script.heard_out("r2", 60 * len("We have two.Would you like the Thursday slot at ten?"))
    script.wait(400)
    assert script.last(cmd.CommitTurn).text == "Yes."


@pytest.mark.parametrize(
    ("question", "left_ms", "text"),
    [
        ("You are booked for ten, shall I cancel that for you?", 1900, "Yes."),  # To the first half.
        ("Would you like the Thursday slot at ten?", 2200, "Yes."),  # To what was said before.
        ("Would you like the Thursday slot at ten?", 1500, "Mm-hm."),
    ],
)
def test_a_nod_before_the_question_is_known_books_nothing(question: str, left_ms: int, text: str) -> None:
    script = _asking("We have two.", question, left_ms=left_ms)
    _answers_over_it(script, text)
    assert script.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="backchannel", text=text)


def test_a_mark_that_was_under_way_does_not_put_back_where_it_was_paused() -> None:
    """Silence after the words would be covered too late by as much."""
    script = _speaking()
    script.voice()
    script.step(ev.PlayoutPaused(at_ms=script.now_ms, reply_id="r2", heard_ms=2400))
    script.step(ev.PlayoutMark(at_ms=script.now_ms, reply_id="r2", heard_ms=1500))
    script.now_ms += 200
    script.pause()
    script.now_ms += 50
    script.final("")
    assert script.count(cmd.ResumePlayout) == 1
    whole_ms = 60 * sum(map(len, ("We open at eight.", "We close at five.", "On Friday we close at noon.")))
    dry = [
        command for command in script.commands if isinstance(command, cmd.SetTimer) and command.timer == "dry"
    ]
    assert dry[-1].due_ms == script.now_ms + whole_ms - 2400 + ACKNOWLEDGED_WITHIN_MS


def _being_written(*chunks: str, heard_ms: int) -> Scene:
    """The model has given so much of its reply and goes on writing."""
    scene, reply_id = speaking(*chunks, heard_ms=heard_ms, finishes=False)
    scene.voice()
    scene.wait(300)
    scene.pause()
    scene.wait(60)
    scene.final("Yes.")
    assert scene.last(cmd.ResumePlayout).reply_id == reply_id
    return scene


def _is_heard_out(scene: Scene) -> None:
    scene.play("r2", 1000)
    scene.ends("r2", 6000)
    scene.wait(1500)


@pytest.mark.parametrize(
    ("written", "rest"),
    [
        (("We have two.", "Would you like the Thursday slot"), ("at ten?",)),
        (("We have two.", "Would you like the Thursday slot at ten?"), ()),
    ],
)
def test_a_yes_into_a_question_that_is_still_being_written_is_its_answer(
    written: tuple[str, ...], rest: tuple[str, ...]
) -> None:
    scene = _being_written(*written, heard_ms=1900)
    assert scene.notes() == []
    scene.gives("r2", *rest)
    _is_heard_out(scene)
    assert scene.notes() == [] and scene.last(cmd.CommitTurn).text == "Yes."
    assert scene.reports("r2")[0].complete, "and the question was heard out"


@pytest.mark.parametrize(
    ("written", "rest"),
    [
        (("We have two.", "You have the Thursday slot"), ("at ten.",)),  # No question after all.
        (("We have two.", "You have the Thursday slot"), ("at ten,", "shall I cancel it?")),  # Another one.
        (("We have two.", "Would you like the Thursday slot at ten?"), ("It is the last one.",)),
    ],
)
def test_a_yes_into_what_turns_out_to_be_no_question_is_a_listening_noise(
    written: tuple[str, ...], rest: tuple[str, ...]
) -> None:
    scene = _being_written(*written, heard_ms=1900)
    scene.gives("r2", *rest)
    assert scene.notes() == [("backchannel", "Yes.")]
    _is_heard_out(scene)
    assert scene.count(cmd.CommitTurn) == 1


def test_a_yes_into_a_sentence_that_is_written_is_a_listening_noise_at_once() -> None:
    scene = _being_written("We have two.", "Both are on Thursday morning.", heard_ms=1900)
    assert scene.notes() == [("backchannel", "Yes.")]


def test_a_yes_behind_a_question_whose_reply_goes_on_waiting_is_its_answer() -> None:
    """All of it was heard; the model has not said that this was all."""
    scene = _being_written("Shall I book it?", heard_ms=960)
    scene.wait(2500)  # A filler is said within the reply meanwhile.
    scene.gives("r2")
    scene.ends("r2", 3000)
    scene.wait(1500)
    assert scene.last(cmd.CommitTurn).text == "Yes."


def test_a_yes_that_may_be_an_answer_is_not_lost_when_the_model_is() -> None:
    scene = _being_written("We have two.", "Would you like the Thursday slot", heard_ms=1900)
    scene.step(ev.ReplyFailed(at_ms=scene.now_ms, reply_id="r2", reason="the model is gone"))
    said = scene.last(cmd.Synthesize)
    scene.made(said.reply_id, 0, 1000)
    scene.audible(said.reply_id)
    scene.wait(1000)
    scene.heard_out(said.reply_id, 1000)
    scene.wait(1500)
    assert scene.last(cmd.CommitTurn).text == "Yes."
