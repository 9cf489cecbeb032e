"""Words nobody said stop here, whoever recognised them; words somebody may have said do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from antiphon.speech.ports import Transcript
from antiphon.speech.transcript_care import TranscriptCare, VoiceEvidence, doubt

RNG = np.random.default_rng(3)


def block(level_dbfs: float, duration_ms: int = 100) -> bytes:
    """Noise of that level at 8 kHz."""
    samples = RNG.normal(0, 32768 * 10 ** (level_dbfs / 20), duration_ms * 8)
    return np.clip(samples, -32768, 32767).astype("<i2").tobytes()


class Caller:
    """One call's line: `speaks` is a voice as voice activity finds it, between two seconds of the room."""

    def __init__(self, *, detects: bool = True, room_dbfs: float = -60.0) -> None:
        self.care = TranscriptCare(8000, detects=detects)
        self.segment = 0
        self.room_dbfs = room_dbfs
        self.hears(20)

    def hears(self, blocks: int, level_dbfs: float | None = None) -> None:
        for _ in range(blocks):
            self.care.push(block(self.room_dbfs if level_dbfs is None else level_dbfs))

    def speaks(self, duration_ms: int, level_dbfs: float = -25.0) -> None:
        self.care.speech_started()
        self.hears(duration_ms // 100, level_dbfs)
        self.care.speech_stopped()

    def understood(self, text: str, confidence: float = 1.0, segment: int | None = None) -> tuple[str, str]:
        number = self.segment if segment is None else segment
        heard = Transcript(segment=number, text=text, final=True, confidence=confidence)
        cleaned, why = self.care.clean(heard)
        assert (cleaned.segment, cleaned.final, cleaned.confidence) == (number, True, confidence)
        return cleaned.text, why

    def commits(self) -> None:
        self.care.turn_committed()
        self.segment += 1


@pytest.mark.parametrize("text", ["I need an appointment.", "Thank you.", "bye", "9", "Oh, so it is.", "ja"])
@pytest.mark.parametrize("confidence", [1.0, 0.6])
def test_what_was_really_said_is_believed(text: str, confidence: float) -> None:
    caller = Caller()
    caller.speaks(700)
    assert caller.understood(text, confidence) == (text, "")


def test_words_from_a_line_without_sound_are_dropped_whoever_is_sure_of_them() -> None:
    caller = Caller(room_dbfs=-75)
    assert caller.understood("Hello there, how are you?") == ("", "silence")


def test_thanks_that_have_only_begun_are_shown_as_a_guess_until_more_is_heard() -> None:
    caller = Caller()
    caller.care.speech_started()
    caller.hears(2, -25.0)
    begun = Transcript(segment=0, text="Thank you.", final=False, confidence=0.4)
    assert caller.care.clean(begun) == (replace(begun, guess=True), "")
    caller.hears(10, -25.0)
    going_on = replace(begun, text="Thank you, goodbye.", confidence=0.9)
    assert caller.care.clean(going_on) == (going_on, "")


def test_a_guess_out_of_the_noise_is_not_shown() -> None:
    caller = Caller(room_dbfs=-30)
    caller.care.speech_started()
    caller.hears(4, -29.0)
    begun = Transcript(segment=0, text="Thank you.", final=False, confidence=0.4, guess=True)
    cleaned, why = caller.care.clean(begun)
    assert (cleaned.text, why) == ("", "phantom")


def test_a_click_says_no_thanks() -> None:
    caller = Caller()
    caller.speaks(200)
    assert caller.understood("Thank you.") == ("", "phantom")


def test_thanks_buried_in_the_noise_are_the_noises() -> None:
    caller = Caller(room_dbfs=-30)
    caller.speaks(600, level_dbfs=-27)
    assert caller.understood("Thank you.") == ("", "phantom")
    loud = Caller(room_dbfs=-30)
    loud.speaks(600, level_dbfs=-15)
    assert loud.understood("Thank you.") == ("Thank you.", "")


@pytest.mark.parametrize(
    "text",
    ["Thanks for watching!", "Subtitles by the Amara.org community", "¡Gracias por ver el vídeo!",
     "Sous-titres réalisés par la communauté d’Amara.org"],
)  # fmt: skip
def test_credits_of_films_are_never_said_on_a_telephone(text: str) -> None:
    caller = Caller()
    caller.speaks(3000)
    assert caller.understood(text) == ("", "credits")


def test_a_recogniser_that_is_unsure_where_nobody_spoke_is_not_believed_and_a_sure_one_is() -> None:
    caller = Caller(room_dbfs=-50)
    assert caller.understood("Whoa!", 0.4) == ("", "no voice")
    assert caller.understood("I am a quiet caller", 0.8) == ("I am a quiet caller", "")


def test_more_words_than_fit_are_doubted_only_where_the_recogniser_does() -> None:
    caller = Caller()
    caller.speaks(300)
    assert caller.understood("that is not at all what I meant", 0.3) == ("", "no time for it")
    assert caller.understood("that is not at all what I meant", 0.9)[1] == ""


def test_a_wanted_word_is_believed_even_if_it_is_a_phantom() -> None:
    caller = Caller()
    caller.care.expect(["oh", "zero", "one"])
    caller.speaks(100)
    assert caller.understood("Oh.") == ("Oh.", "")


def test_a_loop_is_cut_for_every_vendor_and_its_times_with_it() -> None:
    caller = Caller()
    caller.speaks(4000)
    heard = Transcript(
        segment=0, text="I'd like to, I'd like to, I'd like to, I'd like to book",
        final=True, word_ends_ms=tuple(range(13)),
    )  # fmt: skip
    cleaned, why = caller.care.clean(heard)
    assert (cleaned.text, cleaned.word_ends_ms, why) == ("I'd like to, book", (), "loop")


def test_punctuation_and_lost_words_are_what_they_are() -> None:
    caller = Caller()
    caller.speaks(500)
    assert caller.understood(" ... ") == ("", "no words")
    lost = Transcript(segment=0, text="", final=True, lost=True)
    assert caller.care.clean(lost) == (lost, "")


def test_a_late_final_is_judged_by_the_voice_of_its_own_turn() -> None:
    caller = Caller()
    caller.speaks(900)
    caller.commits()
    caller.hears(10)
    assert caller.understood("Thank you.", segment=0) == ("Thank you.", "")
    caller.speaks(100)
    assert caller.understood("Thank you.", segment=1) == ("", "phantom")


def test_every_turn_has_its_own_evidence() -> None:
    caller = Caller()
    caller.speaks(3000)
    assert caller.understood("My name is Ana.")[1] == ""
    caller.commits()
    caller.hears(5)
    caller.speaks(100)
    assert caller.understood("you")[1] == "phantom"


def test_where_nobody_listens_for_a_voice_its_length_proves_nothing() -> None:
    caller = Caller(detects=False)
    caller.hears(3, -25)
    assert caller.understood("Thank you.") == ("Thank you.", "")
    assert Caller(detects=False, room_dbfs=-80).understood("Thank you.") == ("", "silence")


def test_without_audio_there_is_nothing_to_hold_against_words() -> None:
    for text in ("Hello there", "you"):
        assert doubt(text, 0.1, VoiceEvidence(voiced_ms=0, heard_ms=0)) == ""
