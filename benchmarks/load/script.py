"""What everybody on the line says, and how fast: the same for every server that is compared.

Settings come from the environment, in milliseconds unless said: STOP_MS (200), FAKE_STT_MS (0),
FAKE_LLM_TTFT_MS (0), FAKE_LLM_TPS (50 tokens a second, 0: all at once), FAKE_TTS_TTFB_MS (0), SPECULATE (1).
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass

RATE_HZ = 8000
FRAME_BYTES = 160  # 20 ms of mu-law.
TRANSCRIPT = "I would like to book a table for two people tomorrow evening please."
TOKENS = (
    "Sure,", " I", " can", " help", " with", " that.", " What", " time", " would", " you", " like", " to",
    " come", " in", " tomorrow?", " We", " still", " have", " a", " few", " tables", " left.",
)  # fmt: skip
REPLY = "".join(TOKENS)
FIRST_SENTENCE_TOKENS = 6
MS_PER_CHARACTER = 50
REPLY_MS = len(REPLY) * MS_PER_CHARACTER
PARTIAL_MS = 300  # Of speech between two partial transcripts.
_WORD_MS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long the doubles take. `speculate`: replies are prepared during the stop silence."""

    stop_ms: int = 200
    stt_ms: float = 0
    llm_ttft_ms: float = 0
    llm_tps: float = 50
    tts_ttfb_ms: float = 0
    speculate: bool = True

    @property
    def sentence_ms(self) -> float:
        """Stop silence, doubles, and the tokens of the first sentence: what peers are compared by."""
        gaps_ms = (FIRST_SENTENCE_TOKENS - 1) * 1000 / self.llm_tps if self.llm_tps else 0
        return self.clause_ms + gaps_ms

    @property
    def clause_ms(self) -> float:
        """The same without waiting for more than the first clause, which is one token."""
        return self.stop_ms + self.stt_ms + self.llm_ttft_ms + self.tts_ttfb_ms


def pace_from(environment: Mapping[str, str] = os.environ) -> Pace:
    return Pace(
        stop_ms=int(environment.get("STOP_MS", "200")),
        stt_ms=float(environment.get("FAKE_STT_MS", "0")),
        llm_ttft_ms=float(environment.get("FAKE_LLM_TTFT_MS", "0")),
        llm_tps=float(environment.get("FAKE_LLM_TPS", "50")),
        tts_ttfb_ms=float(environment.get("FAKE_TTS_TTFB_MS", "0")),
        speculate=environment.get("SPECULATE", "1") != "0",
    )


def tone(duration_ms: int = 20) -> bytes:
    """A 400 Hz tone, linear PCM at 8 kHz; 20 ms are whole periods."""
    count = RATE_HZ * duration_ms // 1000
    wave = (int(8000 * math.sin(2 * math.pi * 400 * place / RATE_HZ)) for place in range(count))
    return b"".join(struct.pack("<h", sample) for sample in wave)


def chunks_for(text: str) -> int:
    """20 ms chunks spoken for `text`."""
    return max(1, round(len(text.strip()) * MS_PER_CHARACTER / 20))


def words_after(speech_ms: int) -> str:
    """What a recogniser has understood after so much of the phrase."""
    return " ".join(TRANSCRIPT.split()[: max(1, speech_ms // _WORD_MS)])
