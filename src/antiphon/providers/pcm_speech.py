"""What voices that stream plain PCM share: a first byte and no pause without an end, whole samples at the
line's rate, and an error for silence where words should be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import numpy as np

from antiphon.audio.resample import StreamResampler
from antiphon.errors import ProviderUnavailable
from antiphon.speech.pace import VoicePace
from antiphon.speech.ports import TtsAudio, TtsRequest
from antiphon.speech.spoken_length import SoundMeter


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingLimits:
    """Attributes: connect_ms: part of first_ms; stall_ms: between two pieces once it speaks."""

    connect_ms: int = 2_000
    first_ms: int = 4_000
    stall_ms: int = 3_000


class PcmPieces:
    """Mono s16le in pieces of any length, half samples too, to whole samples at the rate of a request.

    Args:
        pace: What is known of the voice.
    """

    def __init__(self, from_hz: int, request: TtsRequest, pace: VoicePace) -> None:
        self._resampler = StreamResampler(from_hz, request.sample_rate_hz)
        self._half = b""
        self._text = request.text
        self._pace = pace
        self._meter = SoundMeter(from_hz)

    def missing(self) -> str:
        """Why what came cannot be all of the words; "" where it can. Asked once, at the end of the answer."""
        return self._pace.missing(self._text, self._meter.measure())

    @property
    def ends_within_a_sample(self) -> bool:
        return bool(self._half)

    def push(self, pcm: bytes) -> bytes:
        pcm = self._half + pcm
        whole = len(pcm) & ~1
        self._half = pcm[whole:]
        samples = np.frombuffer(pcm[:whole], dtype="<i2")
        self._meter.push(samples)
        return self._resampler.push(samples).astype("<i2").tobytes()

    def flush(self) -> bytes:
        return self._resampler.flush().astype("<i2").tobytes()


def has_words(text: str) -> bool:
    """Punctuation alone is nothing to say, and vendors refuse it."""
    return any(letter.isalnum() for letter in text)


async def speak_pcm(
    vendor: str,
    pieces: AsyncIterator[bytes] | AsyncIterator[TtsAudio],
    line: PcmPieces,
    emit: Callable[[TtsAudio], None],
    limits: SpeakingLimits,
) -> None:
    """Emit what `pieces` bring, at the line's rate. Pieces that date words may come without sound.

    Raises:
        ProviderUnavailable: No audio in time, none at all, too little, or an end within a sample. What was
            emitted before stands.
    """
    spoke = ended = False
    ends_ms: tuple[int, ...] = ()
    while not ended:
        try:
            async with asyncio.timeout((limits.stall_ms if spoke else limits.first_ms) / 1000):
                piece: bytes | TtsAudio | None = await anext(pieces, None)
        except TimeoutError:
            said = "stopped in the middle" if spoke else "no audio in time"
            raise ProviderUnavailable(vendor, said) from None
        ended = piece is None
        audio = TtsAudio(pcm=piece) if isinstance(piece, bytes) else piece
        pcm = line.flush() if audio is None else line.push(audio.pcm)
        told_ms, ends_ms = ends_ms, (audio.word_ends_ms if audio else ()) or ends_ms
        if pcm or (spoke and told_ms != ends_ms):
            spoke = True
            emit(TtsAudio(pcm=pcm, word_ends_ms=ends_ms))
            await asyncio.sleep(0)  # What is buffered is read without a pause in which to be cancelled.
    if not spoke:
        raise ProviderUnavailable(vendor, "success without any audio")
    if line.ends_within_a_sample:
        raise ProviderUnavailable(vendor, "the audio ends within a sample")
    if missing := line.missing():
        raise ProviderUnavailable(vendor, missing)
