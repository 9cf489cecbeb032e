"""Who answered, decided on made-up evidence in call time: which verdict, by what, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from antiphon.calls.amd.decision import (
    Beep,
    Decision,
    Sign,
    TimePassed,
    ToneHeard,
    Verdict,
    VoiceBegan,
    VoiceEnded,
    WordsHeard,
)
from antiphon.calls.amd.settings import Thresholds
from antiphon.calls.amd.tones import Tone

LIMITS = Thresholds()


@dataclass
class Line:
    """Tells a decision what is heard, 100 ms at a time."""

    decision: Decision = field(default_factory=Decision)
    now_ms: int = 0
    told: list[tuple[int, Verdict | Beep]] = field(default_factory=list)

    def step(self, sign: Sign) -> None:
        self.told += [(self.now_ms, each) for each in self.decision.step(sign)]

    def wait(self, duration_ms: int) -> None:
        for _ in range(duration_ms // 100):
            self.now_ms += 100
            self.step(TimePassed(at_ms=self.now_ms))

    def voice(self, duration_ms: int, words: str = "") -> None:
        """Words are known 300 ms after the end of speech, the end after 100."""
        self.step(VoiceBegan(at_ms=self.now_ms, onset_ms=self.now_ms))
        self.wait(duration_ms)
        ended_ms = self.now_ms
        self.wait(100)
        self.step(VoiceEnded(at_ms=self.now_ms, ended_ms=ended_ms))
        self.wait(200)
        if words:
            self.step(WordsHeard(at_ms=self.now_ms, text=words))

    def tone(self, hz: float, duration_ms: int, *, quiet_ms: int = 400, second_hz: float = 0.0) -> None:
        started_ms = self.now_ms
        for lasted_ms in range(100, duration_ms + 1, 100):
            self.wait(100)
            self.hear(Tone(hz=hz, second_hz=second_hz, started_ms=started_ms, lasted_ms=lasted_ms))
        ended_ms = self.now_ms
        for quiet in range(0, quiet_ms + 1, 100):
            tone = Tone(
                hz=hz, second_hz=second_hz, started_ms=started_ms, lasted_ms=duration_ms,
                ended_ms=ended_ms, quiet_ms=quiet,
            )  # fmt: skip
            self.hear(tone)
            if quiet < quiet_ms:
                self.wait(100)

    def hear(self, tone: Tone) -> None:
        self.step(ToneHeard(at_ms=self.now_ms, tone=tone))

    @property
    def verdicts(self) -> list[tuple[int, str, str]]:
        return [
            (at_ms, each.kind, each.evidence[0]) for at_ms, each in self.told if isinstance(each, Verdict)
        ]

    @property
    def beeps(self) -> list[int]:
        return [at_ms for at_ms, each in self.told if isinstance(each, Beep)]


def test_a_short_hello_is_a_person_as_soon_as_he_waits_for_us() -> None:
    line = Line()
    line.wait(500)
    line.voice(400, "Hello?")
    line.wait(1000)
    assert line.verdicts == [(900 + LIMITS.hello_pause_ms, "human", "hello")]


def test_without_words_a_short_voice_and_a_pause_are_a_person() -> None:
    line = Line()
    line.wait(500)
    line.voice(500)
    line.wait(1000)
    assert line.verdicts == [(1000 + LIMITS.short_pause_ms, "human", "short_greeting")]


@pytest.mark.parametrize("voice_ms", [400, 1400, 2500, 4500])
def test_whoever_has_spoken_never_waits_longer_than_the_bound(voice_ms: int) -> None:
    line = Line()
    line.voice(voice_ms, "something nobody has ever said")
    line.wait(3000)
    at_ms, kind, _ = line.verdicts[0]
    assert kind == "human" and at_ms - voice_ms <= LIMITS.pause_max_ms + 100


def test_a_front_desk_is_a_person_by_its_question() -> None:
    line = Line()
    line.voice(4000, "Thank you for calling Bright Dental, how can I help you?")
    line.wait(500)
    assert line.verdicts == [(4000 + LIMITS.hello_pause_ms, "human", "person_words")]


def test_words_of_a_machine_decide_at_once() -> None:
    line = Line()
    line.voice(1500, "Leave your name and number")
    assert line.verdicts == [(1800, "machine", "machine_words")]


def test_a_greeting_that_may_be_a_machine_is_one_at_its_pause() -> None:
    line = Line()
    line.voice(1500, "You've reached the Millers.")
    line.wait(1000)
    assert line.verdicts == [(1500 + LIMITS.short_pause_ms, "machine", "greeting_words")]


def test_a_voice_that_leaves_no_room_for_an_answer_is_a_recording() -> None:
    line = Line()
    line.voice(2500)
    line.wait(200)
    line.voice(4000)
    assert line.verdicts[0] == (LIMITS.long_voice_ms, "machine", "long_greeting")


def test_a_person_who_talks_long_but_asks_is_taken_back() -> None:
    line = Line()
    line.voice(6000, "Good morning and welcome, so, what can I do for you?")
    line.wait(1000)
    assert [kind for _, kind, _ in line.verdicts] == ["machine", "human"]


@pytest.mark.parametrize(
    ("words", "kind", "records"),
    [
        ("For English press one", "ivr", True),
        ("The number you have dialed is not in service", "machine", False),
        ("The mailbox is full", "machine", False),
    ],
)
def test_menus_and_announcements_go_by_their_words(words: str, kind: str, records: bool) -> None:
    line = Line()
    line.voice(2000, words)
    verdict = line.decision.verdict
    assert verdict is not None and (verdict.kind, verdict.records) == (kind, records)


def test_a_beep_alone_is_a_machine_that_records() -> None:
    line = Line()
    line.wait(900)
    line.tone(1000, 400)
    assert [kind for _, kind, _ in line.verdicts] == ["machine"]
    assert len(line.beeps) == 1 and isinstance(line.told[0][1], Verdict), "the verdict comes first"


def test_a_machine_taken_for_a_person_is_noticed_by_its_beep() -> None:
    line = Line()
    line.voice(700, "Hello.")
    line.wait(1000)
    line.voice(2000)
    line.tone(1400, 300)
    assert [(kind, evidence) for _, kind, evidence in line.verdicts] == [
        ("human", "hello"),
        ("machine", "beep"),
    ]


def test_and_by_words_about_the_tone_but_not_by_talk_of_messages() -> None:
    line = Line()
    line.voice(700, "Hello.")
    line.wait(1000)
    line.step(WordsHeard(at_ms=line.now_ms, text="Hello. Would you like to leave a message?"))
    assert len(line.verdicts) == 1, "a receptionist says that"
    line.step(WordsHeard(at_ms=line.now_ms, text="Hello. Leave a message after the tone."))
    assert line.verdicts[-1][1:] == ("machine", "tone_words")


def test_after_a_while_nobody_takes_a_person_back() -> None:
    line = Line()
    line.voice(400, "Hello?")
    line.wait(LIMITS.revise_ms + 1000)
    line.tone(1000, 400)
    assert [kind for _, kind, _ in line.verdicts] == ["human"]
    assert line.decision.is_settled(line.now_ms)


def test_a_fax_that_answers_is_known_before_its_tone_is_over() -> None:
    line = Line()
    line.wait(800)
    line.tone(2100, 3000)
    assert line.verdicts == [(800 + LIMITS.fax_answer_ms, "fax", "2100_hz")] and line.beeps == []


def test_a_fax_that_calls_is_no_beep() -> None:
    line = Line()
    line.wait(800)
    line.tone(1100, 500)
    assert [kind for _, kind, _ in line.verdicts] == ["fax"] and line.beeps == []


def test_the_same_tones_after_a_greeting_are_beeps() -> None:
    line = Line()
    line.voice(3000, "Leave your name and number")
    line.wait(300)
    line.tone(1100, 500)
    assert [kind for _, kind, _ in line.verdicts] == ["machine"] and len(line.beeps) == 1


def test_a_tone_the_detector_takes_for_a_voice_is_no_hello() -> None:
    line = Line()
    line.wait(500)
    line.step(VoiceBegan(at_ms=line.now_ms, onset_ms=line.now_ms))
    line.tone(2100, 3000)
    line.step(VoiceEnded(at_ms=line.now_ms, ended_ms=line.now_ms - 400))
    line.wait(2000)
    assert [kind for _, kind, _ in line.verdicts] == ["fax"]


def test_a_carriers_three_tones_take_no_message() -> None:
    line = Line()
    for hz, duration_ms in ((913.8, 300), (1370.6, 300), (1776.7, 400)):
        line.tone(hz, duration_ms, quiet_ms=0)
    verdict = line.decision.verdict
    assert verdict is not None and (verdict.kind, verdict.records) == ("machine", False)


def test_nothing_at_all_is_silence_and_ringing_is_told() -> None:
    line = Line()
    line.wait(LIMITS.silence_ms)
    assert line.verdicts == [(LIMITS.silence_ms, "silence", "nothing")]
    ringing = Line()
    ringing.tone(440, 2000, second_hz=480)
    ringing.wait(3000)
    assert ringing.verdicts == [(LIMITS.silence_ms, "silence", "ringing")] and ringing.beeps == []


def test_who_speaks_after_a_silence_is_judged_like_anybody() -> None:
    line = Line()
    line.wait(5000)
    line.voice(3000, "Leave a message after the tone")
    assert [kind for _, kind, _ in line.verdicts] == ["silence", "machine"]


def test_a_click_is_nobody() -> None:
    line = Line()
    line.voice(100)
    line.wait(5000)
    assert [kind for _, kind, _ in line.verdicts] == ["silence"]
