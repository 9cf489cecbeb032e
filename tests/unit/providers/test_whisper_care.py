from __future__ import annotations

import pytest

from antiphon.providers.local.whisper.care import believed_text, partial_text
from antiphon.providers.local.whisper.engine import Recognition
from antiphon.speech.transcript_care import VoiceEvidence


def believed(
    text: str, *, doubt: float, logprob: float = -0.3, voiced_ms: int | None = 1500, dbfs: float = -25.0
) -> str:
    found = Recognition(text=text, no_speech_prob=doubt, avg_logprob=logprob)
    return believed_text(found, VoiceEvidence(voiced_ms=voiced_ms, level_dbfs=dbfs))


def test_clear_speech_is_believed() -> None:
    assert believed("I need an appointment.", doubt=0.02) == "I need an appointment."


def test_a_clipped_digit_is_believed_although_the_model_doubts_it() -> None:
    assert believed("9.", doubt=0.65, logprob=-1.08, voiced_ms=400) == "9."


def test_thanks_that_were_really_said_are_believed() -> None:
    assert believed("Thank you.", doubt=0.1, voiced_ms=700) == "Thank you."


@pytest.mark.parametrize("text", ["you", "Thank you.", "Thanks for watching!", "Bye."])
def test_known_phantoms_over_little_voice_are_dropped(text: str) -> None:
    assert believed(text, doubt=0.6, voiced_ms=400) == ""


def test_thanks_that_may_have_begun_are_a_guess_while_they_last_and_never_without_a_sound() -> None:
    found = Recognition(text="Thank you.", no_speech_prob=0.6, avg_logprob=-0.3)
    voice = VoiceEvidence(voiced_ms=400, level_dbfs=-25.0)
    assert partial_text(found, voice) == ("Thank you.", True)
    assert partial_text(found, VoiceEvidence(voiced_ms=400, level_dbfs=-75.0)) == ("", False)
    sure = Recognition(text="Thank you.", no_speech_prob=0.1, avg_logprob=-0.3)
    assert partial_text(sure, voice) == ("Thank you.", False)


def test_words_over_music_are_dropped() -> None:
    assert believed("I'm going to go back.", doubt=0.75, logprob=-1.0, voiced_ms=9000) == ""


def test_words_from_a_line_without_sound_are_dropped() -> None:
    assert believed("Hello there.", doubt=0.3, dbfs=-75.0) == ""


def test_without_voice_activity_a_doubtful_text_is_dropped() -> None:
    assert believed("I don't know.", doubt=0.53, voiced_ms=None) == ""


def test_punctuation_alone_is_nothing() -> None:
    assert believed(" ... ", doubt=0.1) == ""
