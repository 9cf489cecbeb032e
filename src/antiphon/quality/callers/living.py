"""A caller on the line in real time: hears, understands, answers, interrupts, presses keys, hangs up."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import structlog

from antiphon.audio.ports import LineFormat
from antiphon.calls.loopback import Heard, LineConditions, LoopbackLine
from antiphon.quality.callers.ear import Ear, HeardUtterance
from antiphon.quality.callers.mind import Act, Mind
from antiphon.quality.callers.mouth import Mouth
from antiphon.quality.callers.script import CallerScript
from antiphon.runtime.arrivals import Switchboard
from antiphon.speech.ports import SpeechToText

# A frame is on the line only when its last sample was spoken; the loopback sends it when the first is due.
FRAME_MS = 20
KEY_GAP_S = 0.25
OPENS_WITHOUT_GREETING_S = 18.0
HEARS_OUT_S = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One line the caller said. `ended_ms` is the true end of his voice on the line's clock."""

    text: str
    began_ms: int
    ended_ms: int


@dataclass(slots=True, kw_only=True)
class CallerLog:
    """What happened, from the caller's side of the line. Times in ms since the call began.

    Attributes:
        ended_by: "agent", "caller", or "error" when his side broke; `errors` then says how.
    """

    call_id: str = ""
    said: list[Said] = field(default_factory=list)
    heard: list[HeardUtterance] = field(default_factory=list)
    agent_onsets_ms: list[int] = field(default_factory=list)
    ended_by: str = ""
    duration_ms: int = 0
    errors: list[str] = field(default_factory=list)


class LivingCaller:
    """One call of one caller. `run` returns when it is over.

    Args:
        clock: Nanoseconds that only go forward; the line is stepped by it.
    """

    def __init__(
        self,
        script: CallerScript,
        mind: Mind,
        mouth: Mouth,
        *,
        recogniser: SpeechToText,
        line_format: LineFormat,
        conditions: LineConditions | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._clock = clock
        self._script, self._mind, self._mouth = script, mind, mouth
        self._recogniser, self._format, self._conditions = recogniser, line_format, conditions
        self.log = CallerLog()
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, switchboard: Switchboard, agent: str) -> CallerLog:
        """Call the agent.

        Raises:
            ConfigError, CallFailed: Nobody answers.
            ProviderUnavailable: He has no ear.
        """
        self._ear = Ear(self._recogniser, self._format.sample_rate_hz, self._agent_began)
        try:
            self._line = LoopbackLine(
                switchboard,
                agent,
                self._format,
                heard=self._hear,
                ended=self._agent_hung_up,
                conditions=self._conditions,
                clock=self._clock,
            )
            self.log.call_id = self._line.call_id
            await self._call()
        finally:
            await self._ear.aclose()
        return self.log

    async def _call(self) -> None:
        self._start(self._line.run(), "line")
        self._start(self._ear.run(), "ear")
        self._start(self._talk(), "mind")
        try:
            async with asyncio.timeout(self._script.gives_up_after_ms / 1000):
                await self._over.wait()
        except TimeoutError:
            self.log.errors.append("the caller gave up: the call took too long")
            self._hang_up("caller")
        finally:
            self._line.hang_up()  # Whatever ended us, the agent must not talk to nobody.
            await self._hear_out()
            await self._stop()
        while not self._ear.utterances.empty():
            self.log.heard.append(self._ear.utterances.get_nowait())
        self.log.duration_ms = self._line.now_ms
        self.log.agent_onsets_ms = self._ear.onsets_ms
        if self._ear.dropped or self._ear.unanswered:
            self.log.errors.append(
                f"the caller missed {self._ear.dropped + self._ear.unanswered} utterances: "
                "his recogniser was too slow"
            )

    # ---------------------------------------------------------------- hearing

    def _hear(self, block: Heard) -> None:
        self._ear.hear(block.at_ms, block.samples)

    async def _hear_out(self) -> None:
        """An agent's last words before he hung up ("call nine one one") were heard too."""
        if self.log.ended_by == "agent":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARS_OUT_S):
                    await self._ear.hear_out()

    def _agent_began(self, number: int, at_ms: int) -> None:
        interruption = self._mind.interruption(number)
        if interruption is not None:
            after_ms, text = interruption
            delay_ms = at_ms + after_ms + FRAME_MS - self._line.now_ms
            self._later(max(0, delay_ms), lambda: self._say(text))

    def _agent_hung_up(self) -> None:
        self._finish("agent")

    # ---------------------------------------------------------------- speaking

    async def _talk(self) -> None:
        await self._open()
        while True:
            utterance = await self._ear.utterances.get()
            self.log.heard.append(utterance)
            await asyncio.sleep(self._script.think_ms / 1000)
            if self._ear.hears_speech or self._line.pending_ms:
                continue  # The agent went on, or we are speaking already: answer what comes last.
            await self._act(self._mind.react(utterance.text))

    async def _open(self) -> None:
        if self._script.waits_for_greeting:
            try:
                async with asyncio.timeout(OPENS_WITHOUT_GREETING_S):
                    self.log.heard.append(await self._ear.utterances.get())
            except TimeoutError:
                self.log.errors.append("no greeting was heard")
            await asyncio.sleep(self._script.think_ms / 1000)
        await self._act(self._mind.opening())

    async def _act(self, act: Act) -> None:
        if act.says:
            self._say(act.says)
        for key in act.presses:
            self._line.press(key)
            await asyncio.sleep(KEY_GAP_S)
        if act.hangs_up:
            await asyncio.sleep(self._line.pending_ms / 1000)
            self._hang_up("caller")

    def _say(self, text: str) -> None:
        if not self._line.is_open:
            return
        line = self._mouth.line(text)
        span = self._line.say(line.samples)
        self.log.said.append(
            Said(
                text=line.text,
                began_ms=span.start_ms - FRAME_MS,
                ended_ms=span.start_ms + line.voice_ends_ms - FRAME_MS,
            )
        )

    def _hang_up(self, who: str) -> None:
        self._line.hang_up()
        self._finish(who)

    def _finish(self, who: str) -> None:
        if not self.log.ended_by:
            self.log.ended_by = who
        self._over.set()

    def _later(self, delay_ms: int, action: Callable[[], None]) -> None:
        async def wait() -> None:
            await asyncio.sleep(delay_ms / 1000)
            action()

        self._start(wait(), "interruption")

    # ---------------------------------------------------------------- tasks

    def _start(self, work: Coroutine[None, None, None], part: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=part)
        self._tasks.add(task)
        task.add_done_callback(self._part_ended)

    def _part_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        # Without this part he would sit on the line and never answer again.
        part = task.get_name()
        self.log.errors.append(f"the caller's {part} failed: {type(error).__name__}: {error}")
        _log.error("caller_part_failed", call=self.log.call_id, part=part, exc_info=error)
        self._hang_up("error")

    async def _stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
