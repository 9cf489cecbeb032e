"""Answers of voices that lost their end are told from those that are complete, in sound and in length."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from antiphon.speech.pace import VoicePace, VoicePaces, letters
from antiphon.speech.ports import TtsRequest
from antiphon.speech.spoken_length import SoundMeter, SpokenLength

RATE_HZ = 16_000
SENTENCES = (
    "Sure, let me have a look at Thursday.",
    "Thank you, Linda, I have found you.",
    "Just a moment, please, I'm looking at the calendar.",
    "If that doesn't suit you, we are open until five on weekdays.",
)


def spoken(text: str, *, ms_a_letter: float = 75, rest_ms: int = 120) -> NDArray[np.int16]:
    """A syllable for every third letter: a tone that swells and falls to a tenth before the next."""
    syllable = round(RATE_HZ * 3 * ms_a_letter / 1000)
    at = np.arange(syllable)
    one = 9000 * (0.1 + 0.9 * np.sin(np.pi * at / syllable)) * np.sin(2 * np.pi * 150 * at / RATE_HZ)
    fade = np.concatenate([np.ones(syllable - 800), np.linspace(1, 0, 800)])
    count = max(1, round(letters(text) / 3))
    whole = [one] * (count - 1) + [one * fade, np.zeros(RATE_HZ * rest_ms // 1000)]
    return np.concatenate(whole).astype(np.int16)


def measured(samples: NDArray[np.int16], piece: int = 333) -> SpokenLength:
    meter = SoundMeter(RATE_HZ)
    for at in range(0, len(samples), piece):
        meter.push(samples[at : at + piece])
    return meter.measure()


def known(*, ms_a_letter: float = 75, rest_ms: int = 120) -> VoicePace:
    pace = VoicePace(1.0)
    for text in SENTENCES * 3:
        pace.missing(text, measured(spoken(text, ms_a_letter=ms_a_letter, rest_ms=rest_ms)))
    return pace


@pytest.mark.parametrize(
    "text", [*SENTENCES, "Yes.", "Oh!", "At 9:30.", "415 555 0132", "Hmmmmmmmmmm.", "你好，我是琳达", "e.g."]
)
@pytest.mark.parametrize("rest_ms", [0, 120])
def test_a_complete_answer_is_never_taken_for_a_cut_one(text: str, rest_ms: int) -> None:
    answer = measured(spoken(text, rest_ms=rest_ms))
    assert not VoicePace(1.0).missing(text, answer)
    assert not known(rest_ms=rest_ms).missing(text, answer)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_half_an_answer_is_known_by_its_length_even_where_it_ends_in_a_pause(share: float) -> None:
    for text in SENTENCES:
        samples = spoken(text)
        cut = np.concatenate([samples[: round(len(samples) * share)], np.zeros(RATE_HZ // 10, np.int16)])
        assert known().missing(text, measured(cut)) == "too little audio for these words"


def test_a_new_voice_that_ends_in_full_sound_was_cut() -> None:
    text = SENTENCES[2]
    samples = spoken(text)
    syllable = round(RATE_HZ * 3 * 75 / 1000)
    cut = samples[: round(syllable * 10.5)]
    assert VoicePace(1.0).missing(text, measured(cut)) == "the audio ends in the middle of a sound"


def test_who_always_ends_in_silence_was_cut_where_it_ends_in_a_quiet_sound() -> None:
    text = SENTENCES[2]
    samples = spoken(text)
    syllable = round(RATE_HZ * 3 * 75 / 1000)
    quiet = measured(samples[: round(syllable * 11.99)])
    assert 5 < quiet.fall_db < 25
    assert not VoicePace(1.0).missing(text, quiet)
    assert known().missing(text, quiet)


def test_a_voice_that_always_ends_abruptly_is_believed_after_a_few_answers() -> None:
    pace = VoicePace(1.0)
    syllable = round(RATE_HZ * 3 * 75 / 1000)
    told = []
    for text in SENTENCES * 2:
        samples = spoken(text, rest_ms=0)
        told.append(pace.missing(text, measured(samples[: len(samples) - syllable // 2])))
    assert told[3:] == [""] * 5


def test_who_speaks_twice_as_fast_as_people_is_not_cut() -> None:
    pace = VoicePace(1.0)
    for text in SENTENCES * 4:
        assert not pace.missing(text, measured(spoken(text, ms_a_letter=35)))


def test_two_cut_answers_do_not_change_what_is_usual() -> None:
    pace, text = known(), SENTENCES[2]
    samples = spoken(text)
    for _ in range(2):
        assert pace.missing(text, measured(samples[: len(samples) // 3]))
    assert pace.missing(text, measured(samples[: len(samples) // 2]))
    assert not pace.missing(text, measured(samples))


def test_silence_where_words_should_be_is_none_of_them() -> None:
    assert VoicePace(1.0).missing("Yes.", measured(np.zeros(RATE_HZ, np.int16)))


@pytest.mark.parametrize("text", ["", "…", "?!", " - "])
def test_where_nothing_is_to_be_said_nothing_is_missing(text: str) -> None:
    assert not VoicePace(1.0).missing(text, measured(np.zeros(0, np.int16)))


def test_writings_without_spaces_and_numbers_take_their_time() -> None:
    assert letters("你好") > letters("hello") / 2
    assert letters("はい") == 3
    assert letters("At 9:30") == 5
    assert letters("Hmmmmmm") == 3


def test_voices_are_kept_apart_and_forgotten_when_there_are_too_many() -> None:
    paces = VoicePaces()
    one = TtsRequest(text="a", voice="one", sample_rate_hz=8000)
    first = paces.of(one)
    assert paces.of(one) is first
    for number in range(300):
        paces.of(TtsRequest(text="a", voice=f"v{number}", sample_rate_hz=8000))
    assert paces.of(one) is not first


@pytest.mark.parametrize("piece", [1, 160, 10_000])
def test_the_size_of_pieces_does_not_matter(piece: int) -> None:
    samples = spoken("Yes.")[:4000]
    assert measured(samples, piece) == measured(samples)
