"""What only Whisper can tell of its own words: how likely it is that nobody spoke. The rest is
`speech.transcript_care`.

Measured on real recordings: non-speech has a no-speech probability of 0.38 to 0.93, utterances of a second
and more stay below 0.5, and single clipped words reach 0.8. So the threshold depends on how much voice there
was.
"""

from __future__ import annotations

from antiphon.providers.local.whisper.engine import Recognition
from antiphon.speech.transcript_care import QUIET_DBFS, VoiceEvidence, is_phantom

_NO_SPEECH_UNGATED = 0.5
_NO_SPEECH_CERTAIN = 0.88
_NO_SPEECH_GUESSED = 0.7
_GUESSED_LOGPROB = -0.9
_NO_SPEECH_PHANTOM = 0.45
_LITTLE_VOICE_MS = 1000


def believed_text(found: Recognition, evidence: VoiceEvidence) -> str:
    """The recognised words, or "" where they were most likely made up."""
    if not any(char.isalnum() for char in found.text) or evidence.level_dbfs < QUIET_DBFS:
        return ""
    return "" if _is_made_up(found, evidence.voiced_ms) else found.text


def partial_text(found: Recognition, evidence: VoiceEvidence) -> tuple[str, bool]:
    """The words so far, and whether they are no more than a guess. "Thank you" may be made up of a breath and
    may be the beginning of a sentence: what follows will tell, and who reads along need not wait for it."""
    text = believed_text(found, evidence)
    open_question = (
        is_phantom(found.text)
        and found.no_speech_prob <= _NO_SPEECH_CERTAIN
        and evidence.level_dbfs >= QUIET_DBFS
    )
    if not text and open_question:
        return found.text, True
    return text, found.guessed


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
