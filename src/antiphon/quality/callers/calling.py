"""Simulated calls against a running stack, one or several at a time."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from antiphon.agents.definition import AgentDefinition
from antiphon.agents.tools.appointments import CalendarView
from antiphon.agents.tools.toolsets import calendar_database
from antiphon.audio.level import LOWEST_DBFS, active_level_dbfs
from antiphon.audio.ports import PHONE, WIDEBAND, LineFormat
from antiphon.audio.resample import resample
from antiphon.audio.wav import read_wav
from antiphon.calls.loopback import LineConditions, NoiseMix
from antiphon.errors import AntiphonError, CallFailed, ConfigError
from antiphon.providers.local.worker import WorkerClient
from antiphon.quality.callers.goals import Ending, appointments_of, judge
from antiphon.quality.callers.living import LivingCaller
from antiphon.quality.callers.mind import Mind
from antiphon.quality.callers.mouth import Mouth
from antiphon.quality.callers.report import CallReport, failed_report, report
from antiphon.quality.callers.script import CallerScript, fill, resolve_dates, spoken_values
from antiphon.quality.callers.stack import Stack
from antiphon.runtime.records.lines import read_call
from antiphon.speech.phrases import CachingTts, PhraseCache
from antiphon.speech.ports import Samples
from antiphon.storage.blobs import BlobFolder
from antiphon.storage.traces import find_call

LINES: dict[str, LineFormat] = {"phone": PHONE, "wideband": WIDEBAND}
# A caller has hung up or was hung up on: the agent's side needs no longer than this to write its trace.
ENDS_WITHIN_S = 30.0
PHRASES_BYTES = 128 << 20

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """`line` is "phone" or "wideband"; `noise` is mixed under the caller at `snr_db`."""

    line: str = "wideband"
    noise: Path | None = None
    snr_db: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCaller:
    """A caller whose every line is rendered, and what his line does to them."""

    script: CallerScript
    mind: Mind
    mouth: Mouth
    conditions: LineConditions | None = None


def phrases_directory() -> Path:
    """Where rendered lines of callers are kept; they are fiction, so a disk may have them."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "antiphon" / "callers"


async def prepare(
    script: CallerScript, path: Path, models: WorkerClient, settings: LineSettings, today: datetime
) -> PreparedCaller:
    """Render what he may say, before any clock runs.

    Raises:
        ConfigError: A recording or the noise is none, or there is no such voice.
        ProviderError: His voice does not work.
    """
    values = spoken_values(script, today.date())
    mind = Mind(script, values)
    rendered = BlobFolder(phrases_directory(), max_bytes=PHRASES_BYTES)
    mouth = Mouth(
        CachingTts(models.text_to_speech("kokoro"), PhraseCache(rendered), "local/kokoro"),
        script.voice,
        sample_rate_hz=LINES[settings.line].sample_rate_hz,
        speed=script.speed,
        level_dbfs=script.level_dbfs,
        recordings={fill(line, values): path.parent / file for line, file in script.recordings.items()},
    )
    await mouth.prepare(mind.lines())
    return PreparedCaller(
        script=script, mind=mind, mouth=mouth, conditions=_conditions(settings, mind, mouth)
    )


async def place(
    stack: Stack, definition: AgentDefinition, home: Path, caller: PreparedCaller, settings: LineSettings
) -> CallReport:
    """One call from greeting to hang-up, judged.

    Raises:
        CallFailed: The exchange refused the call, or never ended it.
        ProviderUnavailable: The caller has no ear.
    """
    script = caller.script
    today = datetime.now(definition.zone).date()
    calendar = _calendar(definition, home)
    before = appointments_of(script, calendar)
    living = LivingCaller(
        script,
        caller.mind,
        caller.mouth,
        recogniser=stack.caller_models.speech_to_text("whisper-tiny.en"),
        line_format=LINES[settings.line],
        conditions=caller.conditions,
    )
    log = await living.run(stack.exchange, definition.name)
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            await stack.exchange.wait_ended(log.call_id)
    except TimeoutError:
        raise CallFailed(f"the call {log.call_id} did not end when the caller was gone") from None
    outcome = stack.exchange.outcome(log.call_id)
    ending = Ending(
        cause=outcome.cause if outcome else "error",
        escalated=bool(outcome and outcome.cause == "escalated"),
        heard=[utterance.text for utterance in log.heard],
        days=resolve_dates(script, today),
    )
    verdict = judge(script, before, appointments_of(script, calendar), ending)
    trace = find_call(stack.calls_directory, log.call_id)
    return report(script.name, verdict, log, read_call(trace), trace)


async def place_all(
    stack: Stack,
    definition: AgentDefinition,
    home: Path,
    callers: Sequence[PreparedCaller],
    settings: LineSettings,
    *,
    at_once: int,
    done: Callable[[CallReport], None] = lambda report: None,
) -> list[CallReport]:
    """Every caller once, `at_once` lines busy at a time. A call that fails is reported as such.

    Callers of one name take turns: each is judged by what his own call did to the calendar.
    """
    free = asyncio.Semaphore(at_once)
    alone: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def one(caller: PreparedCaller) -> CallReport:
        name = caller.script.goal.last_name.lower()
        async with alone[name] if name else contextlib.nullcontext(), free:
            result = await _reported(caller.script.name, place(stack, definition, home, caller, settings))
            done(result)
            return result

    async with asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(one(caller)) for caller in callers]
    return [call.result() for call in calls]


async def _reported(caller: str, call: Coroutine[None, None, CallReport]) -> CallReport:
    """The call's report, whatever becomes of it."""
    task = asyncio.get_running_loop().create_task(call, name=f"call of {caller}")
    try:
        await asyncio.wait([task])
    finally:
        if task.cancel():  # We are being cancelled ourselves: let the line be hung up first.
            await asyncio.wait([task])
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, AntiphonError):
        return failed_report(caller, str(error))
    _log.error("simulated_call_failed", caller=caller, exc_info=error)
    return failed_report(caller, f"{type(error).__name__}: {error}")


def _calendar(definition: AgentDefinition, home: Path) -> CalendarView | None:
    database = calendar_database(definition, home)
    return CalendarView(database) if database.exists() else None


def read_noise(settings: LineSettings) -> Samples | None:
    """The noise at the line's rate, None without one.

    Raises:
        ConfigError: No recording, or one without a sound in it.
    """
    if settings.noise is None:
        return None
    samples, noise_hz = read_wav(settings.noise)
    noise = resample(samples, noise_hz, LINES[settings.line].sample_rate_hz)
    if active_level_dbfs(noise, LINES[settings.line].sample_rate_hz) <= LOWEST_DBFS:
        raise ConfigError(
            "there is no sound in it", where=str(settings.noise), fix="give a recording of noise"
        )
    return noise


def _conditions(settings: LineSettings, mind: Mind, mouth: Mouth) -> LineConditions | None:
    noise = read_noise(settings)
    if noise is None:
        return None
    rate_hz = LINES[settings.line].sample_rate_hz
    lines = [mouth.line(text).samples for text in mind.lines()]
    loudest = max((active_level_dbfs(line, rate_hz) for line in lines if line.size), default=-20.0)
    return NoiseMix(noise, snr_db=settings.snr_db, speech_dbfs=loudest, sample_rate_hz=rate_hz)
