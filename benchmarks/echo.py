"""How many echoes of our own voice are known by their words, on a speakerphone, by line noise.

    python benchmarks/echo.py [--pieces 6]

Pieces cut at random from the embedded voice come back 20 dB down with a reverberant tail, through mu-law and
noise; the smallest embedded recogniser reads them, and `conversation.echo` compares.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys

import numpy as np
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.resample import resample
from antiphon.conversation.echo import without
from antiphon.conversation.echoes import LAG_MS, SLACK_MS
from antiphon.conversation.heard import words_between
from antiphon.conversation.state import Chunk
from antiphon.conversation.words import words
from antiphon.providers.local.piper import PiperTts
from antiphon.providers.local.whisper.engine import WhisperEngine
from antiphon.speech.ports import TtsRequest

RATE_HZ = 16000
LOSS = 0.1  # 20 dB.
SENTENCES = (
    "Hello, this is Maple Street Clinic. How can I help you today?",
    "I can book that for you. We have an opening on Tuesday at nine thirty in the morning.",
    "Doctor Patel is on the second floor, at the end of the hall.",
    "Please bring your insurance card and arrive ten minutes early.",
    "I'm sorry, I did not get that. Could you say it again, please?",
    "We are open from Monday to Friday, from eight in the morning until five.",
    "Which day would suit you? You can say a day, like Tuesday.",
    "That is a blood test with Nurse Brooks on Thursday, December third. Is that right?",
)

Signal = NDArray[np.float32]


async def spoken(text: str) -> Signal:
    parts: list[bytes] = []
    request = TtsRequest(text=text, voice="joe", sample_rate_hz=RATE_HZ)
    await PiperTts().synthesize(request, lambda audio: parts.append(audio.pcm))
    return np.frombuffer(b"".join(parts), "<i2").astype(np.float32) / 32768


def come_back(piece: Signal, snr_db: float, noise: np.random.Generator) -> Signal:
    """Through the loudspeaker, the room and the telephone."""
    tail = noise.standard_normal(RATE_HZ // 10) * np.exp(-np.arange(RATE_HZ // 10) / 350) * 0.12
    tail[0] = 1.0
    wet = np.convolve(piece * LOSS, tail)
    narrow = resample((wet * 32768).clip(-32768, 32767).astype(np.int16), RATE_HZ, 8000)
    back = resample(g711.decode(g711.encode(narrow)), 8000, RATE_HZ).astype(np.float32) / 32768
    level = float(np.sqrt(np.mean(back**2)))
    back += (noise.standard_normal(len(back)) * level * 10 ** (-snr_db / 20)).astype(np.float32)
    silence = np.zeros(RATE_HZ // 4, np.float32)
    return np.concatenate([silence, back / LOSS * 0.3, silence])


async def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pieces", type=int, default=6, help="of each of the eight sentences")
    args = parser.parse_args()
    recogniser = WhisperEngine("tiny.en")
    voices = [(text, await spoken(text)) for text in SENTENCES]
    for snr_db in (30, 15, 8):
        pick, noise = random.Random(3), np.random.default_rng(3)
        known = wordless = total = 0
        for text, voice in voices:
            chunk = Chunk(text=text, duration_ms=len(voice) * 1000 // RATE_HZ)
            for _ in range(args.pieces):
                length = int(pick.uniform(0.5, 3.0) * RATE_HZ)
                start = pick.randint(0, max(0, len(voice) - length))
                piece = voice[start : start + length]
                heard = recogniser.transcribe(come_back(piece, snr_db, noise)).text
                from_ms = start * 1000 // RATE_HZ - LAG_MS
                to_ms = (start + length) * 1000 // RATE_HZ + SLACK_MS
                total += 1
                if not words(heard):
                    wordless += 1
                elif not without(heard, words_between([chunk], from_ms, to_ms)):
                    known += 1
        print(f"{snr_db:2d} dB: {known} of {total - wordless} known as echoes, {wordless} without words")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
