"""A caller's ear: cuts what comes down the line into utterances and has them recognised, for real."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from antiphon.speech.ports import Samples, SpeechToText, SttConfig, SttEvent, SttStream, TurnEvent

# The agent pauses between sentences while the next is made; a person waits about this long before he answers.
UTTERANCE_GAP_MS = 900
# Shorter than any wait for a reply, longer than the silences inside a word.
SOUND_GAP_MS = 150
QUIET_DBFS = -50.0
FINAL_WAIT_S = 10.0
# An agent that never pauses, or a line that hums, must not fill the memory.
UTTERANCE_MAX_MS = 60_000
WAITING_MAX = 64
PUSH_MS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardUtterance:
    """Times on the caller's own clock, ms."""

    number: int
    began_ms: int
    ended_ms: int
    text: str


class Ear:
    """Feed it every block that is played to the caller, silence included; `run` recognises beside that.

    Args:
        began: Called with (number, at_ms) at the first sound of each utterance, dated to the sample.

    Attributes:
        onsets_ms: Every moment at which sound came after a short silence, dated to the sample.
        utterances: What was understood, in order.
        dropped: Utterances that came while `WAITING_MAX` others waited for the recogniser.
        unanswered: Utterances the recogniser gave no answer to in time; their text is "".

    Raises:
        ProviderUnavailable: There is no recogniser.
    """

    def __init__(
        self, recogniser: SpeechToText, sample_rate_hz: int, began: Callable[[int, int], None]
    ) -> None:
        self._recogniser = recogniser
        self._rate_hz = sample_rate_hz
        self._began = began
        self._number = 0
        self._start_ms = -1
        self._last_sound_ms = -SOUND_GAP_MS
        self.onsets_ms: list[int] = []
        self._blocks: list[Samples] = []
        self.dropped = 0
        self.unanswered = 0
        self.utterances: asyncio.Queue[HeardUtterance] = asyncio.Queue(maxsize=WAITING_MAX)
        self._ready: asyncio.Queue[tuple[int, int, int, bytes]] = asyncio.Queue(maxsize=WAITING_MAX)
        self._stt: SttStream = self._open()

    @property
    def hears_speech(self) -> bool:
        """The agent is in the middle of an utterance."""
        return self._start_ms >= 0

    def hear(self, at_ms: int, block: Samples) -> None:
        """One block; `at_ms` is when its first sample is heard."""
        loud = np.nonzero(np.abs(block.astype(np.int32)) > 32768 * 10 ** (QUIET_DBFS / 20))[0]
        end_ms = at_ms + len(block) * 1000 // self._rate_hz
        if len(loud):
            first_ms = at_ms + int(loud[0]) * 1000 // self._rate_hz
            if first_ms - self._last_sound_ms >= SOUND_GAP_MS:
                self.onsets_ms.append(first_ms)
            if self._start_ms < 0:
                self._number += 1
                self._start_ms = first_ms
                self._began(self._number, self._start_ms)
            self._last_sound_ms = at_ms + int(loud[-1]) * 1000 // self._rate_hz
        if self._start_ms < 0:
            self._blocks = [*self._blocks[-15:], block]  # A little before the first sound.
            return
        self._blocks.append(block)
        if end_ms - self._last_sound_ms >= UTTERANCE_GAP_MS or end_ms - self._start_ms >= UTTERANCE_MAX_MS:
            self._close()

    def _close(self) -> None:
        pcm = np.concatenate(self._blocks).tobytes()
        if self._ready.full():
            self.dropped += 1
        else:
            self._ready.put_nowait((self._number, self._start_ms, self._last_sound_ms, pcm))
        self._start_ms = -1
        self._blocks = []

    async def run(self) -> None:
        """Recognise what was heard, one utterance after the other, until cancelled."""
        while True:
            number, began_ms, ended_ms, pcm = await self._ready.get()
            text = await self._transcribe(pcm)
            await self.utterances.put(
                HeardUtterance(number=number, began_ms=began_ms, ended_ms=ended_ms, text=text)
            )
            self._ready.task_done()

    async def hear_out(self) -> None:
        """Nothing more comes down the line: until all that came is in `utterances`."""
        if self._start_ms >= 0:
            self._close()
        await self._ready.join()

    async def _transcribe(self, pcm: bytes) -> str:
        self._texts.clear()
        self._final.clear()
        size = self._rate_hz * PUSH_MS // 1000 * 2
        self._stt.push(pcm[:size])
        self._stt.speech_started()
        for at in range(size, len(pcm), size):
            self._stt.push(pcm[at : at + size])
        self._stt.speech_stopped()
        try:
            async with asyncio.timeout(FINAL_WAIT_S):
                await self._final.wait()
        except TimeoutError:
            # A late answer belongs to this utterance; a new stream cannot take it for the next one's.
            self.unanswered += 1
            await self._stt.aclose()
            self._stt = self._open()
            return ""
        self._stt.turn_committed()
        return " ".join(text for _, text in sorted(self._texts.items()) if text)

    def _open(self) -> SttStream:
        texts: dict[int, str] = {}
        final = asyncio.Event()

        def transcribed(transcript: SttEvent) -> None:
            if isinstance(transcript, TurnEvent):
                return  # The simulated caller decides himself when the agent has finished.
            texts[transcript.segment] = transcript.text
            if transcript.final:
                final.set()

        # By segment: a long utterance is understood in pieces, and only the last one is called final.
        self._texts, self._final = texts, final
        return self._recogniser.open(SttConfig(sample_rate_hz=self._rate_hz), transcribed)

    async def aclose(self) -> None:
        await self._stt.aclose()
