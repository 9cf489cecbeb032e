"""Debian's sipp as caller or called, by the scenarios beside this file."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.sip.house import HOST, free_port

SCENARIOS = Path(__file__).parent / "scenarios"
TONE_HZ = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class SippReport:
    """`log` holds what it found unexpected."""

    code: int
    succeeded: int
    failed: int
    log: str


def alaw_tone(path: Path, duration_ms: int = 2000) -> None:
    """A tone as sipp streams it: raw A-law."""
    from antiphon.audio import g711

    places = np.arange(duration_ms * 8)
    samples = (8000 * np.sin(2 * np.pi * TONE_HZ * places / 8000)).astype(np.int16)
    path.write_bytes(g711.encode(samples).tobytes().translate(g711.ALAW_OF_MULAW))


class Sipp:
    """One run. `port` is where it can be called.

    Args:
        target: "host:port" to call; "" waits to be called.
        user: Of the request URI.
        talk_ms: How long a `<pause/>` without a length of its own is.
    """

    def __init__(
        self,
        scenario: str,
        target: str = "",
        *,
        user: str = "clinic",
        calls: int = 1,
        at_once: int = 1,
        rate: int = 50,
        timeout_s: int = 30,
        talk_ms: int = 400,
        keys: dict[str, str] | None = None,
        host: str = HOST,
    ) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="sipp-"))
        alaw_tone(self._folder / "tone.al")
        self._argv = [shutil.which("sipp") or "sipp", "-sf", str(SCENARIOS / f"{scenario}.xml")]
        self._argv += [target] if target else []
        self._argv += [
            "-s",
            user,
            "-i",
            host,
            "-mi",
            host,
            "-p",
            str(self.port),
            "-mp",
            str(free_port() & ~1),
        ]
        self._argv += ["-m", str(calls), "-l", str(at_once), "-r", str(rate), "-timeout", str(timeout_s)]
        self._argv += [
            "-d",
            str(talk_ms),
            "-nostdin",
            "-trace_err",
            "-error_file",
            str(self._folder / "errors.log"),
        ]
        self._argv += ["-trace_stat", "-stf", str(self._folder / "stat.csv"), "-fd", "1"]
        for name, value in (keys or {}).items():
            self._argv += ["-key", name, value]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._argv,
            cwd=self._folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=(self._folder / "said").open("wb"),
            stdin=asyncio.subprocess.DEVNULL,
        )

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def report(self, *, within_s: float = 60.0) -> SippReport:
        assert self._process is not None
        async with asyncio.timeout(within_s):
            code = await self._process.wait()
        if not (self._folder / "stat.csv").exists():
            raise AssertionError((self._folder / "said").read_text(errors="replace")[-500:])
        rows = list(csv.DictReader((self._folder / "stat.csv").read_text().splitlines(), delimiter=";"))
        errors = self._folder / "errors.log"
        return SippReport(
            code=code,
            succeeded=int(rows[-1]["SuccessfulCall(C)"]),
            failed=int(rows[-1]["FailedCall(C)"]),
            log=errors.read_text(errors="replace") if errors.exists() else "",
        )

    async def run(self, *, within_s: float = 60.0) -> SippReport:
        await self.start()
        try:
            return await self.report(within_s=within_s)
        finally:
            await self.stop()
