"""Transcript care: Whisper answers silence and noise with "you" or "Thank you."; this is where they stop.

Measured on real recordings: non-speech has a no-speech probability of 0.38 to 0.93, utterances of a second
and more stay below 0.5, and single clipped words reach 0.8. So the threshold depends on how much voice there
was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from antiphon.providers.local.whisper.engine import Recognition

# What Whisper says where nobody spoke: closing words of the videos it was trained on.
_PHANTOMS = frozenset(
    {
        "you",
        "thank you",
        "thank you very much",
        "thank you so much",
        "thanks",
        "thanks for watching",
        "thank you for watching",
        "thanks for watching guys",
        "please subscribe",
        "subscribe",
        "bye",
        "bye bye",
        "the end",
        "oh",
        "so",
        "mmm",
        "hmm",
        "i'm sorry",
    }
)
_NOT_WORD = re.compile(r"[^\w' ]")
_NO_SPEECH_UNGATED = 0.5
_NO_SPEECH_CERTAIN = 0.88
_NO_SPEECH_GUESSED = 0.7
_GUESSED_LOGPROB = -0.9
_NO_SPEECH_PHANTOM = 0.45
_LITTLE_VOICE_MS = 1000
_QUIET_DBFS = -62.0  # Speech on a telephone line is above -45; line noise between turns is below -65.


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceEvidence:
    """What we know of the audio apart from the model.

    Attributes:
        voiced_ms: How long voice activity detection said speech; None when it was not asked.
        level_dbfs: RMS level of the loudest 100 ms.
    """

    voiced_ms: int | None
    level_dbfs: float


def believed_text(found: Recognition, evidence: VoiceEvidence) -> str:
    """The recognised words, or "" where they were most likely made up."""
    if not any(char.isalnum() for char in found.text) or evidence.level_dbfs < _QUIET_DBFS:
        return ""
    return "" if _is_made_up(found, evidence.voiced_ms) else found.text


def _is_made_up(found: Recognition, voiced_ms: int | None) -> bool:
    doubt = found.no_speech_prob
    if voiced_ms is None:
        return doubt > _NO_SPEECH_UNGATED or is_phantom(found.text)
    if doubt > _NO_SPEECH_CERTAIN:
        return True
    if is_phantom(found.text) and doubt > _NO_SPEECH_PHANTOM and voiced_ms < _LITTLE_VOICE_MS:
        return True
    # Many seconds of "voice" in which the model hears none: music, or a crowd in the background.
    return doubt > _NO_SPEECH_GUESSED and (
        found.avg_logprob < _GUESSED_LOGPROB or voiced_ms > 3 * _LITTLE_VOICE_MS
    )


def is_phantom(text: str) -> bool:
    """Is this one of the phrases Whisper is known to make up?"""
    return " ".join(_NOT_WORD.sub("", text.lower()).split()) in _PHANTOMS
