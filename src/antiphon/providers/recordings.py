"""A whole recording on its way to a vendor, and how long a transcription of it may take."""

from __future__ import annotations

import io
import wave

# A queue at the vendor, or a file that is an hour long; beyond that somebody should look.
DEADLINE_S = 600.0


def wav_bytes(pcm: bytes, sample_rate_hz: int) -> bytes:
    """Mono s16le with the header every vendor reads."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(sample_rate_hz)
        wav.writeframes(pcm[: len(pcm) & ~1])
    return file.getvalue()
