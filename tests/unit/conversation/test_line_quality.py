"""On a poor line who is understood is answered; who is not is asked, offered the keys, handed to a person."""

from __future__ import annotations

from tests.unit.conversation.script import Script

from antiphon.conversation import Policy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.policy import LinePolicy

LINE = LinePolicy(fallback=("ask", "keypad", "transfer"), ask="Again?", keypad="Keys?", transfer="A person.")


class Phone(Script):
    """A call whose line gets poor and good; the agent's own phrases are spoken by `hear_out`."""

    def __init__(self, line: LinePolicy | None = LINE) -> None:
        super().__init__(Policy(line_quality=line) if line is not None else Policy())
        self.greeted()

    def grade(self, *, poor: bool) -> None:
        self.step(ev.LineGraded(at_ms=self.now_ms, poor=poor, causes="noisy" if poor else ""))

    def gets_poor(self) -> None:
        self.grade(poor=True)
        self.wait(3000)

    def mumbles(self, text: str = "mumble mumble", confidence: float = 0.2) -> None:
        self.voice()
        self.now_ms += 1000
        self.pause()
        self.now_ms += 60
        self.step(
            ev.TranscriptFinal(at_ms=self.now_ms, segment=self.segment, text=text, confidence=confidence)
        )
        self.segment += 1
        self.score(0.9)
        self.wait(1000)

    def hear_out(self, text: str) -> None:
        spoken = self.last(cmd.Synthesize)
        assert spoken.text == text
        done = {"at_ms": self.now_ms, "reply_id": spoken.reply_id}
        self.step(ev.ChunkSynthesized(index=0, duration_ms=1000, **done))  # type: ignore[arg-type]
        self.audible(spoken.reply_id)
        self.now_ms += 1000
        self.heard_out(spoken.reply_id, 1000)

    def answered(self) -> bool:
        return self.count(cmd.CommitTurn) > 0


def test_words_nobody_can_trust_are_asked_for_again_and_answer_nothing() -> None:
    phone = Phone()
    phone.gets_poor()
    phone.mumbles()
    assert not phone.answered()
    assert phone.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="misheard", text="mumble mumble")
    phone.hear_out("Again?")
    assert phone.phase == "listening"
    phone.mumbles("Tuesday at nine", confidence=0.9)
    assert phone.last(cmd.CommitTurn).text == "Tuesday at nine"


def test_who_is_understood_is_answered_however_poor_the_line() -> None:
    phone = Phone()
    phone.gets_poor()
    phone.mumbles(confidence=LINE.confidence_min)
    assert phone.answered()


def test_doubtful_words_on_a_good_line_are_answered_as_ever() -> None:
    phone = Phone()
    phone.mumbles()
    assert phone.answered()


def test_without_a_word_in_the_file_the_line_changes_nothing() -> None:
    phone = Phone(None)
    before = len(phone.commands)
    phone.gets_poor()
    assert phone.commands[before:] == []
    phone.mumbles()
    assert phone.answered()


def test_a_short_burst_does_not_make_a_line_poor() -> None:
    phone = Phone()
    phone.grade(poor=True)
    phone.wait(2000)
    phone.grade(poor=False)
    phone.wait(2000)
    phone.mumbles()
    assert phone.answered()


def test_the_fallbacks_follow_one_another_up_to_a_person() -> None:
    phone = Phone()
    phone.gets_poor()
    for text in ("Again?", "Keys?", "A person."):
        phone.mumbles()
        phone.hear_out(text)
        if text != "A person.":
            phone.wait(6000)  # Less than the silence that would be asked about.
    assert phone.last(cmd.Escalate).reason == "line_quality"
    assert "noisy" in phone.last(cmd.Escalate).summary
    assert phone.last(cmd.EndCall).cause == "escalated"


def test_a_transfer_that_was_talked_over_is_offered_again() -> None:
    phone = Phone(LinePolicy(fallback=("transfer",), transfer="A person."))
    phone.gets_poor()
    phone.mumbles()
    phone.audible(phone.last(cmd.Synthesize).reply_id)
    phone.now_ms += 300
    phone.voice()
    phone.partial("wait wait no not that")
    phone.now_ms += 1000
    phone.pause()
    phone.step(
        ev.TranscriptFinal(
            at_ms=phone.now_ms, segment=phone.segment, text="wait wait no not that", confidence=0.9
        )
    )
    phone.wait(3000)
    assert phone.count(cmd.EndCall) == 0
    reply = phone.last(cmd.StartReply)
    phone.reply_text(reply.reply_id, "All right.")
    phone.audible(reply.reply_id)
    phone.heard_out(reply.reply_id, 600)
    phone.segment += 1
    phone.wait(6500)
    phone.mumbles()
    phone.hear_out("A person.")
    assert phone.last(cmd.EndCall).cause == "escalated"


def test_fallbacks_keep_their_distance() -> None:
    phone = Phone()
    phone.gets_poor()
    phone.mumbles()
    phone.hear_out("Again?")
    phone.mumbles()  # 2 s later: better answered than asked again at once.
    assert phone.answered()


def test_a_line_that_stays_good_is_forgiven_and_one_that_does_not_is_not() -> None:
    phone = Phone()
    phone.gets_poor()
    phone.mumbles()
    phone.hear_out("Again?")
    phone.grade(poor=False)
    phone.wait(4000)
    phone.grade(poor=True)  # After half the time it takes to be forgiven.
    phone.wait(2500)
    phone.mumbles()
    phone.hear_out("Keys?")
    phone.grade(poor=False)
    phone.voice()
    phone.wait(8000)
    phone.gets_poor()
    phone.now_ms += 1000
    phone.pause()
    phone.final("")
    phone.segment += 1
    phone.score(0.9)
    phone.wait(2000)
    assert phone.last(cmd.Synthesize).text == "Again?"  # From the first one on.


def test_a_line_that_is_good_again_is_a_line_like_any_other_and_poor_again_a_new_story() -> None:
    phone = Phone(LinePolicy(fallback=("ask",), ask="Again?", again_after_ms=120_000))
    phone.gets_poor()
    phone.mumbles()
    phone.hear_out("Again?")
    phone.grade(poor=False)
    phone.wait(LINE.good_after_ms)
    phone.mumbles("mumble once more")
    assert phone.last(cmd.CommitTurn).text == "mumble once more"
    reply = phone.last(cmd.StartReply).reply_id
    phone.reply_text(reply, "All right.")
    phone.audible(reply)
    phone.heard_out(reply, 600)
    phone.gets_poor()
    phone.mumbles("mumble mumble")
    phone.hear_out("Again?")
    assert phone.last(cmd.NoteUtterance) == cmd.NoteUtterance(kind="misheard", text="mumble mumble")


def test_a_line_that_is_good_for_a_moment_only_stays_poor() -> None:
    phone = Phone(LinePolicy(fallback=("ask",), ask="Again?", good_after_ms=2000))
    phone.gets_poor()
    phone.grade(poor=False)
    phone.wait(1000)
    phone.grade(poor=True)
    phone.wait(1500)
    phone.mumbles()
    phone.hear_out("Again?")
    assert not phone.answered()


def test_a_voice_without_words_is_asked_again_and_a_click_is_not() -> None:
    phone = Phone()
    phone.gets_poor()
    phone.voice()
    phone.now_ms += 150
    phone.pause()
    phone.final("")
    phone.segment += 1
    phone.wait(1500)
    assert phone.last(cmd.Synthesize).text != "Again?"
    phone.mumbles("")
    phone.hear_out("Again?")


def test_silence_on_a_poor_line_is_told_why_and_still_comes_to_an_end() -> None:
    phone = Phone()
    phone.gets_poor()
    phone.wait(4000)
    phone.hear_out("Again?")
    phone.wait(7000)
    phone.hear_out("Keys?")
    assert phone.count(cmd.StartReply) == 1  # The greeting; nobody asked again what was not heard.
    phone.wait(7000)
    assert phone.last(cmd.StartReply).kind == "goodbye"


def test_keys_are_taken_whatever_the_line_is_like() -> None:
    phone = Phone()
    phone.gets_poor()
    phone.keys("123#")
    assert phone.answered()


def test_a_draft_on_words_that_were_misheard_is_given_up() -> None:
    phone = Phone()
    phone.gets_poor()
    phone.mumbles()
    drafts = [c.reply_id for c in phone.commands if isinstance(c, cmd.StartReply) and c.speculative]
    given_up = [c.reply_id for c in phone.commands if isinstance(c, cmd.CancelReply)]
    assert drafts and given_up == drafts


def test_who_is_misheard_is_there_and_is_not_left_for_his_silence() -> None:
    phone = Phone(LinePolicy(fallback=("ask",), ask="Again?", again_after_ms=60_000))
    phone.wait(Policy().silence.reprompt_after_ms)
    reprompt = phone.last(cmd.StartReply)
    assert reprompt.kind == "reprompt"
    phone.reply_text(reprompt.reply_id, "Are you there?")
    phone.audible(reprompt.reply_id)
    phone.now_ms += 1000
    phone.heard_out(reprompt.reply_id)
    phone.gets_poor()
    phone.mumbles()
    assert phone.last(cmd.NoteUtterance).kind == "misheard"
    phone.hear_out("Again?")
    phone.wait(Policy().silence.reprompt_after_ms)
    assert phone.last(cmd.StartReply).kind == "reprompt"
    assert phone.last(cmd.StartReply).attempt == 1, "the first of a new count"
