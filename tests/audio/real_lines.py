"""What tests of whole calls share: a line in real time with waits on what is heard, ears, and the record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.agents.definition import AgentDefinition
from antiphon.audio.level import block_levels_dbfs
from antiphon.audio.ports import PHONE, LineFormat
from antiphon.calls.loopback import Heard, LineConditions, LoopbackLine
from antiphon.conversation.replay import first_difference, replay
from antiphon.providers.local.silero import SileroVad
from antiphon.providers.local.worker import WorkerClient
from antiphon.quality.callers.calling import PHRASES_BYTES, phrases_directory
from antiphon.quality.callers.mouth import Mouth
from antiphon.quality.callers.stack import Stack
from antiphon.quality.listening import listen
from antiphon.runtime.records.lines import CallRecord, CommandEntry, read_call
from antiphon.speech.phrases import CachingTts, PhraseCache
from antiphon.storage.blobs import BlobFolder
from antiphon.storage.traces import find_call

Samples = NDArray[np.int16]

AUDIBLE_DBFS = -45.0
SENTENCE_GAP_MS = (
    2000  # The agent pauses between clauses while the next is made; a busy machine takes longer.
)
IMPATIENT = "impatient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A running stack; `logged` and `unhandled` are what went wrong in it so far."""

    stack: Stack
    home: Path
    clinic: AgentDefinition
    logged: Sequence[Mapping[str, Any]]
    unhandled: Sequence[Mapping[str, Any]]

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        """Nobody may have to act on what callers do."""
        return [*(entry for entry in self.logged if entry["log_level"] == "error"), *self.unhandled]

    def record(self, call_id: str) -> CallRecord:
        return read_call(find_call(self.home / "calls", call_id))

    async def render(self, text: str, *, rate_hz: int, voice: str = "af_heart") -> Samples:
        return await render(self.stack.caller_models, text, rate_hz=rate_hz, voice=voice)

    async def words_of(self, samples: Samples, rate_hz: int) -> str:
        """What a listener understands of what was heard."""
        stt = self.stack.caller_models.speech_to_text("whisper-tiny.en")
        return (await listen(stt, SileroVad(rate_hz), samples)).text


async def render(models: WorkerClient, text: str, *, rate_hz: int, voice: str) -> Samples:
    """A line in a caller's voice, at the level of a usual phone call."""
    kept = PhraseCache(BlobFolder(phrases_directory(), max_bytes=PHRASES_BYTES))
    tts = CachingTts(models.text_to_speech("kokoro"), kept, "local/kokoro")
    mouth = Mouth(tts, voice, sample_rate_hz=rate_hz)
    await mouth.prepare([text])
    return mouth.line(text).samples


def impatient(definition: AgentDefinition) -> AgentDefinition:
    """The same agent, asking again after 3 s instead of 7 and calling a minute a long call."""
    silence = msgspec.structs.replace(
        definition.policy.silence, reprompt_after_ms=3000, noise_ms=5000, call_max_ms=75_000
    )
    policy = msgspec.structs.replace(definition.policy, silence=silence)
    return replace(definition, name=IMPATIENT, policy=policy)


class RealLine:
    """One loopback call in real time. `async with` steps it; every wait is for something heard or ended."""

    def __init__(
        self,
        stack: Stack,
        agent: str,
        line_format: LineFormat = PHONE,
        *,
        conditions: LineConditions | None = None,
    ) -> None:
        self.rate_hz = line_format.sample_rate_hz
        self.heard: list[Samples] = []
        self.last_sound_ms = -1
        self.sound_ms = 0
        self._waits: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._exchange = stack.exchange
        self.line = LoopbackLine(
            stack.exchange, agent, line_format, heard=self._hear, ended=self._look, conditions=conditions
        )
        self._steps: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.resume()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.line.hang_up()
        if self._steps is not None:
            await self._steps
        async with asyncio.timeout(30):
            await self._exchange.wait_ended(self.line.call_id)

    @property
    def now_ms(self) -> int:
        return self.line.now_ms

    def resume(self) -> None:
        """Step in real time from here on."""
        self._steps = asyncio.get_running_loop().create_task(self.line.run(), name="real line")

    def stall(self) -> None:
        """Neither send nor play nor answer marks until `resume`: the network is gone."""
        assert self._steps is not None
        self._steps.cancel()
        self._steps = None

    async def until(self, condition: Callable[[], bool], *, within_s: float) -> None:
        """Return when this holds after a frame, or when the line is closed; fail when it takes too long."""
        if condition() or not self.line.is_open:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits.append((condition, future))
        async with asyncio.timeout(within_s):
            await future

    async def until_said(self, *, within_s: float = 30, gap_ms: int = SENTENCE_GAP_MS) -> None:
        """The agent has said something, from now, and is quiet again."""
        since_ms = self.now_ms
        await self.until(
            lambda: self.last_sound_ms >= since_ms and self.now_ms - self.last_sound_ms >= gap_ms,
            within_s=within_s,
        )

    async def until_closed(self, *, within_s: float) -> None:
        """The agent hangs up."""
        await self.until(lambda: False, within_s=within_s)

    async def say(self, samples: Samples, *, within_s: float = 150) -> int:
        """Speak to the end; gives the call time of the last sample."""
        span = self.line.say(samples)
        await self.until(lambda: self.now_ms >= span.end_ms, within_s=within_s)
        return span.end_ms

    def heard_from(self, at_ms: int) -> Samples:
        return np.concatenate(self.heard)[at_ms * self.rate_hz // 1000 :]

    def _hear(self, block: Heard) -> None:
        # A stall is a gap in call time; the recording keeps its length so that times remain places.
        missing = block.at_ms // 20 - len(self.heard)
        self.heard.extend([np.zeros_like(block.samples)] * missing)
        self.heard.append(block.samples)
        if block_levels_dbfs(block.samples, len(block.samples))[0] > AUDIBLE_DBFS:
            self.last_sound_ms = block.at_ms + 20
            self.sound_ms += 20
        self._look()

    def _look(self) -> None:
        for wait in list(self._waits):
            condition, future = wait
            if future.done() or condition() or not self.line.is_open:
                self._waits.remove(wait)
                if not future.done():
                    future.set_result(None)


def assert_replays_exactly(record: CallRecord) -> None:
    """The trace is whole, and the core makes the same commands of the same events."""
    assert record.complete and record.dropped == 0
    recorded = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    again = [command for _, commands in replay(record.header.policy, record.events) for command in commands]
    assert first_difference(recorded, again) is None
