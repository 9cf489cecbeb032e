"""SIP calls in a row and at once: how long until they are up, what they leave behind, and how many words
survive a bad network.

    python benchmarks/sip_soak.py [--row 200] [--at-once 30] [--rounds 3] [--no-words] [--json]

Needs sipp and baresip (Debian: sip-tester, baresip-core) and the extra `sip`; the words need the embedded
models. sipp calls over real SIP and RTP on loopback; the SIP worker is a process of its own, the media plane
and its calls, which say a second of tone, are in this one. Set-up is from sipp's INVITE to the 200, by sipp.

Before anything is counted, one round of each kind fills what is kept on purpose. After all rounds
nothing may be left: no file or socket, thread, leg, task, call, or 12 MB more of memory in either process,
and no call may have failed; else the exit code is 1. `core_pct` is of the SIP worker, a call of the round,
set-up and end included. Words: each text twice at the same time, over a good path and over one that loses,
delays (and so reorders) and doubles packets.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import numpy as np  # noqa: E402
import structlog  # noqa: E402
from tests.conftest import sip_missing  # noqa: E402
from tests.sip.bad_path import BadPath, Impairment  # noqa: E402
from tests.sip.house import HOST, SipHouse, until, usage  # noqa: E402
from tests.sip.sipp import Sipp, SippReport  # noqa: E402
from tests.sip.telephone import Telephone  # noqa: E402

from antiphon.providers.local.silero import SileroVad  # noqa: E402
from antiphon.providers.registry import Registry  # noqa: E402
from antiphon.quality.listening import listen  # noqa: E402
from antiphon.quality.wer import WordErrors, wer  # noqa: E402
from antiphon.speech.ports import TtsRequest  # noqa: E402

CALL = "INVITE 100? 180? 200 ACK tone pause BYE 200"
MEMORY_KB_MAX = 12_000
TALK_MS = 3000
RUN_S = 900
PHONE_HZ = 8000
BAD = Impairment(lost=0.05, doubled=0.02, jitter_ms=60)
VOICE = "local/piper-joe"
TEXTS = (
    "I would like to move my appointment from Tuesday morning to Thursday afternoon, because my daughter has "
    "a school concert and I promised to drive her there.",
    "The package was supposed to arrive last week, but nobody has called me, and the number on the letter "
    "does not work. Could somebody look into it please?",
    "My name is Margaret Coleman, I live at fourteen Willow Street, and I need a new prescription before the "
    "weekend.",
)
_LOGGED = re.compile(
    r"^-{20,} (\S+ \S+)\nUDP message (sent|received).*?:\s*\n(.*?)(?=^-{20,}|\Z)", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Set-up in ms; `core_pct` per call."""

    calls: int
    at_once: int
    failed: int
    setup_p50_ms: float
    setup_p99_ms: float
    setup_max_ms: float
    core_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is there after all calls that was not before."""

    threads: int
    files: int
    worker_memory_kb: int
    memory_kb: int
    tasks: int
    legs: int
    calls: int

    @property
    def is_leak(self) -> bool:
        memory = max(self.worker_memory_kb, self.memory_kb) > MEMORY_KB_MAX
        return memory or max(self.threads, self.files, self.tasks, self.legs, self.calls) > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    path: str
    texts: int
    wer_pct: float
    lost_pct: float
    made_up_ms: int


def setup_times_ms(messages: str) -> list[float]:
    """Of every call in sipp's log, from its first INVITE to its first 200."""
    began: dict[str, float] = {}
    took: dict[str, float] = {}
    for stamp, way, text in _LOGGED.findall(messages):
        call_id = re.search(r"^Call-ID: (\S+)", text, re.M)
        if call_id is None:
            continue
        at_ms = datetime.fromisoformat(stamp).timestamp() * 1000
        if way == "sent" and text.startswith("INVITE "):
            began.setdefault(call_id[1], at_ms)
        elif way == "received" and text.startswith("SIP/2.0 200") and "INVITE" in text:
            took.setdefault(call_id[1], at_ms - began[call_id[1]])
    return list(took.values())


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def run_round(house: SipHouse, calls: int, at_once: int) -> Round:
    loop = asyncio.get_running_loop()
    talk_ms = TALK_MS if at_once > 1 else 20
    caller = Sipp(
        CALL, house.address, calls=calls, at_once=at_once, talk_ms=talk_ms, rate=100, timeout_s=RUN_S
    )
    before_s, began_s = cpu_s(house.worker.pid), loop.time()
    report: SippReport = await caller.run(within_s=RUN_S)
    used_s, lasted_s = cpu_s(house.worker.pid) - before_s, loop.time() - began_s
    await everyone_gone(house)
    took = setup_times_ms(report.messages) or [float("nan")]
    p50, p99 = np.percentile(took, [50, 99])
    return Round(
        calls=calls,
        at_once=at_once,
        failed=calls - report.succeeded,
        setup_p50_ms=round(float(p50), 1),
        setup_p99_ms=round(float(p99), 1),
        setup_max_ms=round(max(took), 1),
        core_pct=round(100 * used_s / lasted_s / at_once, 2),
    )


async def everyone_gone(house: SipHouse) -> None:
    await until(lambda: not len(house.lines) and house.plane.live_calls == 0, within_s=60)
    await until(lambda: house.lines.counts().get("legs") == 0, within_s=60)


def holds(house: SipHouse) -> Left:
    worker, own = house.usage(), usage(os.getpid())
    return Left(
        threads=worker["threads"], files=worker["files"] + own["files"],
        worker_memory_kb=worker["memory_kb"], memory_kb=own["memory_kb"], tasks=len(asyncio.all_tasks()),
        legs=house.lines.counts()["legs"], calls=house.plane.live_calls,
    )  # fmt: skip


def difference(after: Left, before: Left) -> Left:
    earlier = asdict(before)
    return Left(**{name: value - earlier[name] for name, value in asdict(after).items()})


async def soak(row: int, at_once: int, rounds: int) -> tuple[list[Round], Left]:
    async with SipHouse() as house:
        await until(lambda: "legs" in house.lines.counts())
        for calls, together in ((row, 1), (at_once, at_once)):
            await run_round(house, calls, together)
            forget(house)
        before = holds(house)
        done = [await run_round(house, row, 1)]
        forget(house)
        for _ in range(rounds):
            done.append(await run_round(house, at_once, at_once))
            forget(house)
        with contextlib.suppress(TimeoutError):  # Threads of the library end a moment after their call.
            await until(lambda: not difference(holds(house), before).is_leak, within_s=20)
        return done, difference(holds(house), before)


def forget(house: SipHouse) -> None:
    """The house of the tests keeps every call and what it heard."""
    house.calls.clear()


def spoken(text: str) -> np.ndarray:
    engine, voice = Registry().tts(VOICE)
    pieces: list[bytes] = []
    request = TtsRequest(text=text, voice=voice, sample_rate_hz=PHONE_HZ)
    asyncio.run(engine.synthesize(request, lambda audio: pieces.append(audio.pcm)))
    return np.frombuffer(b"".join(pieces), np.int16)


async def words(texts: Sequence[str], voices: Sequence[np.ndarray]) -> list[Words]:
    stt = Registry().stt("local/whisper-tiny.en")
    good, bad, sent, lost, made_up_ms = WordErrors(), WordErrors(), 0, 0, 0
    silence = np.zeros(60 * PHONE_HZ, np.int16)
    for text, voice in zip(texts, voices, strict=True):
        said = np.concatenate([silence[:PHONE_HZ], voice, silence])
        async with (
            SipHouse(greeting_ms=0) as house,
            BadPath(house.port, BAD) as path,
            Telephone(said) as near,
            Telephone(said) as far,
        ):
            await near.call(house.uri("clinic"))
            await far.call(f"sip:clinic@{HOST}:{path.port}")
            one, other = await house.call(0), await house.call(1)
            wanted = len(voice) + 2 * PHONE_HZ
            await until(lambda: min(len(one.heard), len(other.heard)) >= wanted, within_s=60)  # noqa: B023
            await near.tell("hangup")
            await far.tell("hangup")
            await everyone_gone(house)
            made_up_ms += house.lines.counts().get("concealed_ms", 0)
            sent, lost = sent + path.sent, lost + path.lost
        good += wer(text, (await listen(stt, SileroVad(PHONE_HZ), one.heard)).text)
        bad += wer(text, (await listen(stt, SileroVad(PHONE_HZ), other.heard)).text)
    lost_pct = round(100 * lost / max(1, sent), 1)
    return [
        Words(path="good", texts=len(texts), wer_pct=pct(good), lost_pct=0.0, made_up_ms=0),
        Words(path="bad", texts=len(texts), wer_pct=pct(bad), lost_pct=lost_pct, made_up_ms=made_up_ms),
    ]


def pct(errors: WordErrors) -> float:
    return round(100 * errors.rate, 1)


def table(rows: Sequence[Round | Left | Words]) -> str:
    names = list(asdict(rows[0]))
    lines = ["| " + " | ".join(names) + " |", "|" + "--:|" * len(names)]
    lines += ["| " + " | ".join(str(value) for value in asdict(row).values()) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--row", type=int, default=200, help="calls one after the other")
    parser.add_argument("--at-once", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3, help="of calls at once")
    parser.add_argument("--no-words", action="store_true", help="leave out the bad network")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if missing := sip_missing():
        print(f"nothing measured: {missing}")
        return 0
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    rounds, left = asyncio.run(soak(args.row, args.at_once, args.rounds))
    heard: list[Words] = []
    if not args.no_words:
        heard = asyncio.run(words(TEXTS, [spoken(text) for text in TEXTS]))
    if args.json:
        told = {"rounds": rounds, "left": [left], "words": heard}
        print(json.dumps({name: [asdict(row) for row in rows] for name, rows in told.items()}, indent=1))
    else:
        print("\n".join(table(rows) for rows in (rounds, [left], heard) if rows))
    failed = sum(one.failed for one in rounds)
    if failed or left.is_leak:
        print(f"{failed} calls failed" if failed else f"something is left behind: {left}", file=sys.stderr)
    return int(bool(failed) or left.is_leak)


if __name__ == "__main__":
    sys.exit(main())
