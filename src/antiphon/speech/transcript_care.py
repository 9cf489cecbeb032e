"""Transcript care for every recogniser: words nobody said, and phrases that go round, stop here.

Recognisers answer silence, clicks and noise with words: closing words of the videos they were trained on, or
a phrase over and over. How long a voice was heard, how loud and how far over the noise is known to us and not
to them. A caller's real words are worth more than a phantom: where in doubt, believe.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from statistics import median

import numpy as np

from antiphon.audio.level import LOWEST_DBFS
from antiphon.speech.loops import without_loops
from antiphon.speech.ports import Transcript

# What is recognised where nobody spoke, and what people do say.
_PHANTOMS = frozenset({
    "you", "thank you", "thank you very much", "thank you so much", "thanks", "bye", "bye bye", "the end",
    "oh", "so", "mmm", "hmm", "i'm sorry", "you're welcome", "gracias", "merci", "danke",
    "vielen dank", "au revoir",
})  # fmt: skip
# The same, and no caller ever says it: without accents and marks.
_CREDITS = frozenset({
    "thanks for watching", "thank you for watching", "thanks for watching guys", "please subscribe",
    "subscribe", "subtitles by the amaraorg community", "gracias por ver el video",
    "subtitulos por la comunidad de amaraorg",
    "sous-titres realises par la communaute d'amaraorg", "merci d'avoir regarde cette video",
    "untertitel der amaraorg-community", "untertitel im auftrag des zdf fur funk",
})  # fmt: skip
_NOT_WORD = re.compile(r"[^\w' -]")
QUIET_DBFS = -62.0  # Speech on a telephone line is above -45; line noise between turns is below -65.
_HEARD_MS_MIN = 200  # Less audio than that proves nothing.
_LITTLE_VOICE_MS = 1000
_WORD_MS = 100  # Nobody says a word in less, on the whole.
_HANGOVER_MS = 100  # Voice activity goes on for this long after a voice.
_UNCERTAIN = 0.5
_OVER_NOISE_DB = 6.0
_NOISE_BLOCKS = 30  # 3 s of 100 ms.
_WEIGHED_BLOCKS = 10


@dataclass(slots=True, kw_only=True)
class VoiceEvidence:
    """What we know of the audio apart from the recogniser.

    Attributes:
        voiced_ms: How long voice activity detection said speech; None when it was not asked.
        level_dbfs: RMS level of the loudest 100 ms.
        noise_dbfs: Level of what was heard before the voice; None where nothing was.
        heard_ms: How much audio there was at all.
    """

    voiced_ms: int | None = None
    level_dbfs: float = LOWEST_DBFS
    noise_dbfs: float | None = None
    heard_ms: int = _HEARD_MS_MIN

    @property
    def is_plain(self) -> bool:
        """So loud and so long a voice that no further level would change anything."""
        long_enough = self.voiced_ms is None or self.voiced_ms >= _LITTLE_VOICE_MS
        return long_enough and self.level_dbfs >= QUIET_DBFS


def doubt(text: str, confidence: float, evidence: VoiceEvidence, *, guess: bool = False) -> str:
    """Why these words were most likely made up, or "" where they are to be believed. A guess is not meant to
    be: it is only kept back where there was hardly a voice."""
    plain = plain_text(text)
    if not any(char.isalnum() for char in text):
        return "no words"
    if plain in _CREDITS:
        return "credits"
    if evidence.heard_ms < _HEARD_MS_MIN:
        return ""
    if evidence.level_dbfs < QUIET_DBFS:
        return "silence"
    voiced_ms = evidence.voiced_ms
    if voiced_ms is None or voiced_ms >= _LITTLE_VOICE_MS:
        return ""
    words = len(plain.split())
    too_short = voiced_ms < words * _WORD_MS + _HANGOVER_MS
    if plain in _PHANTOMS or plain in _CREDITS:
        buried = (
            evidence.noise_dbfs is not None and evidence.level_dbfs - evidence.noise_dbfs < _OVER_NOISE_DB
        )
        if buried or (not guess and (too_short or confidence < _UNCERTAIN)):
            return "phantom"
    if not voiced_ms and confidence < _UNCERTAIN:
        return "no voice"
    if guess:
        return ""
    # More words than fit into the voice; unless the recogniser is sure, who may have heard a soft voice.
    return "no time for it" if too_short and words > 2 and confidence < _UNCERTAIN else ""


def is_phantom(text: str) -> bool:
    """Is this one of the phrases recognisers are known to make up?"""
    plain = plain_text(text)
    return plain in _PHANTOMS or plain in _CREDITS


def plain_text(text: str) -> str:
    """Lower case, without accents and marks."""
    bare = text.lower()
    if not bare.isascii():
        bare = "".join(c for c in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(c))
    return " ".join(_NOT_WORD.sub("", bare.replace("’", "'")).split())


class TranscriptCare:
    """One call's. Told what its recogniser is told, it judges what the recogniser says.

    Args:
        detects: Voice activity is told; else (push to talk) nobody knows how long a voice was heard.
    """

    def __init__(self, sample_rate_hz: int, *, detects: bool = True) -> None:
        self._samples_per_ms = sample_rate_hz // 1000
        self._detects = detects
        self._speaking = False
        self._expected: frozenset[str] = frozenset()
        self._noise: deque[float] = deque(maxlen=_NOISE_BLOCKS)
        self._unweighed: list[bytes] = []  # All in speech, or all not.
        self._turn = self._fresh()
        self._before: VoiceEvidence | None = None
        self._bound: dict[int, VoiceEvidence] = {}

    def push(self, pcm: bytes) -> None:
        """The caller's audio, usually in blocks of 100 ms."""
        if len(pcm) < 2:
            return
        turn, duration_ms = self._turn, len(pcm) // 2 // self._samples_per_ms
        turn.heard_ms += duration_ms
        if self._speaking and turn.voiced_ms is not None:
            turn.voiced_ms += duration_ms
        self._unweighed.append(pcm)
        if len(self._unweighed) == _WEIGHED_BLOCKS:
            self._weigh()

    def _weigh(self) -> None:
        """The levels of what came lately: several blocks at once cost hardly more than one."""
        if not self._unweighed:
            return
        levels = _levels_dbfs(self._unweighed)
        self._unweighed.clear()
        self._turn.level_dbfs = max(self._turn.level_dbfs, *levels)
        if not self._speaking:
            self._noise += levels

    def speech_started(self) -> None:
        self._weigh()
        self._speaking = True
        # The last block before an onset has its beginning in it.
        if self._turn.noise_dbfs is None and len(self._noise) > 2:
            self._turn.noise_dbfs = float(median(list(self._noise)[:-2]))

    def speech_stopped(self) -> None:
        self._weigh()
        self._speaking = False

    def turn_committed(self) -> None:
        """What was heard so far belongs to the turn that is over; a late final of it may still come."""
        self._weigh()
        self._before, self._turn = self._turn, self._fresh()
        self._bound = dict(list(self._bound.items())[-8:])

    def expect(self, phrases: Sequence[str]) -> None:
        """Words that are wanted are believed: "oh" may be a digit."""
        self._expected = frozenset(map(plain_text, phrases))

    def clean(self, transcript: Transcript) -> tuple[Transcript, str]:
        """The transcript as it is to be believed, and why it is another; "" if it is not."""
        text = transcript.text
        if not text or transcript.lost:
            return transcript, ""
        wanted = bool(self._expected) and plain_text(text) in self._expected
        why = "" if wanted else self._doubt(transcript)
        if why and not transcript.final and not self._doubt(transcript, guess=True):
            return replace(transcript, guess=True), ""
        if why:
            return replace(transcript, text="", word_ends_ms=()), why
        straight = without_loops(text)
        if straight != " ".join(text.split()):
            return replace(transcript, text=straight, word_ends_ms=()), "loop"
        return transcript, ""

    def _doubt(self, transcript: Transcript, *, guess: bool = False) -> str:
        if not self._turn.is_plain:
            self._weigh()
        evidence = self._bound.get(transcript.segment)
        if evidence is None:
            late = self._before is not None and not self._turn.voiced_ms
            evidence = self._before if late and self._before is not None else self._turn
            self._bound[transcript.segment] = evidence
        return doubt(transcript.text, transcript.confidence, evidence, guess=guess or transcript.guess)

    def _fresh(self) -> VoiceEvidence:
        return VoiceEvidence(voiced_ms=0 if self._detects else None, heard_ms=0)


def _levels_dbfs(blocks: Sequence[bytes]) -> list[float]:
    """RMS level of each; those of one length that follow each other are measured together."""
    levels: list[float] = []
    for size, alike in groupby(blocks, len):
        whole = np.frombuffer(b"".join(block[: size & ~1] for block in alike), "<i2")
        samples = whole.astype(np.float32).reshape(-1, size // 2)
        power = np.einsum("bs,bs->b", samples, samples).astype(np.float64) / (size // 2 * 32768.0**2)
        levels += np.maximum(10 * np.log10(power + 1e-12), LOWEST_DBFS).tolist()
    return levels
