"""What a watched call shows, from the events of a call."""

from __future__ import annotations

from antiphon.audio.line_quality import LineSecond
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.operations.attention.anger import Temper
from antiphon.operations.attention.questions import is_same, question_of
from antiphon.operations.attention.watched import LINES_MAX, WatchedCall


class Story:
    """A call, told in a few words a line."""

    def __init__(self) -> None:
        self.at_ms, self.turn = 0, 0
        self.watched = WatchedCall(cost_limit_usd=2.0)
        self.watched.event(
            ev.CallStarted(
                at_ms=0, call_id="c", agent="a", line="phone", wall_time_ms=0, caller_number="+12125550100"
            )
        )

    def caller(self, text: str, *, understood: bool = False) -> None:
        watched, self.turn = self.watched, self.turn + 1
        watched.event(ev.SpeechStarted(at_ms=self.at_ms, onset_ms=self.at_ms))
        self.at_ms += 1000
        watched.event(ev.SpeechStopped(at_ms=self.at_ms, ended_ms=self.at_ms))
        watched.command(self.at_ms, cmd.CommitTurn(turn=self.turn, text=text, ended_ms=self.at_ms))
        if understood:
            watched.event(ev.TurnUnderstood(at_ms=self.at_ms, reply_id="r"))

    def agent(self, text: str) -> None:
        reply = f"r{self.turn}"
        self.watched.event(ev.PlayoutStarted(at_ms=self.at_ms, reply_id=reply))
        self.at_ms += 1000
        self.watched.event(ev.PlayoutFinished(at_ms=self.at_ms, reply_id=reply, heard_ms=1000))
        self.watched.command(self.at_ms, cmd.ReportHeard(reply_id=reply, text=text, complete=True))


def test_silence_counts_from_when_somebody_was_last_heard() -> None:
    story = Story()
    story.agent("How can I help?")
    assert story.watched.signals(9000).silence_ms == 8000
    story.watched.event(ev.SpeechStarted(at_ms=9000, onset_ms=8900))
    assert story.watched.signals(30_000).silence_ms == 0, "he is still talking"
    story.watched.event(ev.SpeechStopped(at_ms=30_000, ended_ms=29_900))
    assert story.watched.signals(31_000).silence_ms == 1000


def test_the_same_question_in_other_words_is_asked_again_and_another_is_not() -> None:
    story = Story()
    for words in (
        "What is your date of birth?",
        "Sorry, I didn't catch that. Could you tell me your date of birth?",
        "Your birth date, please?",
    ):
        story.agent(words)
        story.caller("Hm.")
    assert story.watched.signals(story.at_ms).asked_again == 2
    story.agent("Thank you. Which doctor would you like to see?")
    assert story.watched.signals(story.at_ms).asked_again == 0


def test_questions_are_told_apart_by_what_they_are_about() -> None:
    assert is_same(question_of("And your first name?"), question_of("What is your first name?"))
    assert not is_same(question_of("And your first name?"), question_of("Which day suits you?"))
    assert question_of("Good. I have booked it.") == frozenset()
    assert not is_same(frozenset(), frozenset())


def test_turns_that_an_agent_who_tells_makes_nothing_of_are_counted() -> None:
    story = Story()
    story.caller("I need an appointment.", understood=True)
    for _ in range(3):
        story.caller("Blah.")
    # The last one may yet be understood.
    assert story.watched.signals(story.at_ms).misunderstood == 2
    story.watched.event(ev.TurnUnderstood(at_ms=story.at_ms, reply_id="r"))
    story.caller("Friday.")
    assert story.watched.signals(story.at_ms).misunderstood == 0


def test_an_agent_that_never_tells_is_not_taken_to_understand_nothing() -> None:
    story = Story()
    for _ in range(5):
        story.caller("Tell me about your prices.")
    assert story.watched.signals(story.at_ms).misunderstood == 0


def test_a_call_is_stuck_until_a_new_question_or_a_tool_that_worked() -> None:
    story = Story()
    for _ in range(5):
        story.caller("No.")
        story.agent("Which day?")
    assert story.watched.signals(story.at_ms).turns_stuck == 4
    story.watched.event(ev.ToolFinished(at_ms=story.at_ms, tool_call_id="t", ok=True))
    assert story.watched.signals(story.at_ms).turns_stuck == 0


def test_going_round_in_circles_is_no_progress() -> None:
    story = Story()
    for _ in range(4):
        for words in ("Which day would suit you?", "Which doctor would you prefer?"):
            story.agent(words)
            story.caller("I don't mind.")
    assert story.watched.signals(story.at_ms).turns_stuck >= 6


def test_failures_in_a_row_end_with_one_success() -> None:
    story, at_ms = Story(), 0
    story.watched.event(ev.ToolFinished(at_ms=at_ms, tool_call_id="t", ok=False))
    story.watched.event(ev.ReplyFailed(at_ms=at_ms, reply_id="r", reason="deadline"))
    assert story.watched.signals(at_ms).failures == 2
    story.watched.event(ev.ToolFinished(at_ms=at_ms, tool_call_id="t", ok=True))
    assert story.watched.signals(at_ms).failures == 0


def test_what_was_metered_is_its_cost_and_the_file_says_how_much_may_be() -> None:
    story = Story()
    story.watched.note("usage", {"cost_usd": "0.25"})
    story.watched.note("usage", {"cost_usd": None})
    story.watched.note("usage", {"cost_usd": "0.5"})
    story.watched.note("whispered", {"cost_usd": "9"})
    assert story.watched.signals(0).cost_usd == 0.75
    assert story.watched.signals(0).cost_limit_usd == 2.0


def test_who_waits_for_a_person_is_counted_and_who_talks_with_one_is_not_silent() -> None:
    story = Story()
    story.watched.command(5000, cmd.Escalate(reason="asked_for_person", summary=""))
    assert story.watched.signals(65_000).waiting_ms == 60_000
    story.watched.event(ev.PersonJoined(at_ms=66_000))
    story.watched.phase("away")
    assert story.watched.signals(90_000).waiting_ms == story.watched.signals(90_000).silence_ms == 0


def test_the_words_so_far_are_kept_in_bounds_and_told_to_who_follows() -> None:
    story = Story()
    told: list[object] = []
    story.watched.following.append(told.append)
    for number in range(LINES_MAX):
        story.caller(f"turn {number}")
        story.agent("Yes.")
    assert len(story.watched.lines) == LINES_MAX
    assert story.watched.lines[-1]["text"] == "Yes."
    assert len(told) > LINES_MAX
    assert story.watched.caller == "+12125550100"


def test_words_and_a_raised_voice_are_anger_and_calm_turns_take_it_away() -> None:
    temper = Temper()
    temper.said("I'd like to see a doctor, please.")
    assert temper.level == 0
    temper.said("I already told you. This is ridiculous!")
    angry = temper.level
    assert angry > 0.5
    for _ in range(6):
        temper.said("Okay, Friday is fine.")
    assert temper.level < 0.05 < angry


def test_loudness_counts_against_what_the_caller_has_been_like() -> None:
    calm, loud = Temper(), Temper()
    for temper in (calm, loud):
        for _ in range(6):
            temper.second(-30.0)
    for _ in range(5):
        calm.second(-28.0)
        loud.second(-15.0)
    calm.said("No, on Friday.")
    loud.said("No, on Friday.")
    assert calm.level == 0
    assert loud.level > 0.3


def test_seconds_without_a_voice_say_nothing_about_temper() -> None:
    story = Story()
    for level_dbfs, voiced in ((-30.0, True),) * 5 + ((0.0, False),) * 20:
        story.watched.measured(
            LineSecond(
                voiced=voiced, level_dbfs=level_dbfs, noise_dbfs=-60, snr_db=30, clipped_pct=0, lost_pct=0,
                bandwidth_hz=3400,
            )
        )  # fmt: skip
    story.caller("On Friday.")
    assert story.watched.signals(0).anger == 0


def test_words_inside_other_words_are_not_anger() -> None:
    temper = Temper()
    temper.said("My name is Suellen Shelley from Hellendoorn, and the issue is pursued.")
    assert temper.level == 0
