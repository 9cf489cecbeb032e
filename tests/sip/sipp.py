"""Debian's sipp as caller or called."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.sip.house import HOST, free_media_ports, free_port, until
from tests.sip.scenario import scenario

from antiphon.audio import g711

TONE_HZ = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class SippReport:
    """`log` holds what it found unexpected, `messages` everything that was sent and received."""

    code: int
    succeeded: int
    failed: int
    log: str
    messages: str


def alaw_tone(path: Path, duration_ms: int = 2000) -> None:
    """A tone as sipp streams it: raw A-law."""
    places = np.arange(duration_ms * 8)
    samples = (8000 * np.sin(2 * np.pi * TONE_HZ * places / 8000)).astype(np.int16)
    path.write_bytes(g711.encode(samples).tobytes().translate(g711.ALAW_OF_MULAW))


class Sipp:
    """One run. `port` is where it can be called.

    Args:
        words: See `scenario`.
        target: "host:port" to call; "" waits to be called.
        user: Of the request URI.
        routed: See `scenario`.
        talk_ms: How long a `<pause/>` without a length of its own is.
    """

    def __init__(
        self,
        words: str,
        target: str = "",
        *,
        user: str = "clinic",
        calls: int = 1,
        at_once: int = 1,
        rate: int = 50,
        timeout_s: int = 30,
        talk_ms: int = 400,
        codec: int = 8,
        host: str = HOST,
        routed: bool = False,
    ) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="sipp-"))
        alaw_tone(self._folder / "tone.al")
        (self._folder / "scenario.xml").write_text(scenario(words, codec=codec, routed=routed))
        options = {
            "-sf": "scenario.xml", "-s": user, "-i": host, "-mi": host, "-p": self.port,
            "-mp": free_media_ports(), "-m": calls, "-l": at_once, "-r": rate, "-d": talk_ms,
            "-timeout": timeout_s, "-error_file": "errors.log", "-stf": "stat.csv", "-fd": 1,
        }  # fmt: skip
        self._argv = [shutil.which("sipp") or "sipp", *([target] if target else [])]
        self._argv += [str(word) for pair in options.items() for word in pair]
        self._argv += ["-nostdin", "-trace_err", "-trace_stat", "-trace_msg", "-message_file", "messages.log"]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._argv,
            cwd=self._folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=(self._folder / "said").open("wb"),
            stdin=asyncio.subprocess.DEVNULL,
        )
        await until(self._is_there)

    def _is_there(self) -> bool:
        """It listens, or has given up already."""
        assert self._process is not None
        listening = f":{self.port:04X} " in Path("/proc/net/udp").read_text()
        return listening or self._process.returncode is not None

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
        errors, messages = self._folder / "errors.log", self._folder / "messages.log"
        return SippReport(
            code=code,
            succeeded=int(rows[-1]["SuccessfulCall(C)"]),
            failed=int(rows[-1]["FailedCall(C)"]),
            log=errors.read_text(errors="replace") if errors.exists() else "",
            messages=messages.read_text(errors="replace") if messages.exists() else "",
        )

    async def run(self, *, within_s: float = 60.0) -> SippReport:
        await self.start()
        try:
            return await self.report(within_s=within_s)
        finally:
            await self.stop()
