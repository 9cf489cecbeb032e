"""How soon a voice is heard, and how often nobody has to be asked for it.

    python benchmarks/voices.py [--what voices,phrases,calls] [--voices piper,kokoro,doubles] [--rounds N]
                                [--rate HZ] [--json FILE]

voices: first-chunk delay, from the text handed over to the first sample at the line's rate, for whole
sentences and for their first clauses, as a reply is spoken; p50/p95/p99, and processing time over audio time.
Embedded voices are the real ones on this machine. Vendors are their protocol doubles on a local socket behind
the real SDK: what is told of them is what our side adds to a vendor's own delay, and what opening the
connection before the first sentence saves, never how fast the vendor is.
phrases: the clinic's declared phrases from Piper, then from the disk of another process, then from memory.
calls: the phrase cache over whole clinic calls on virtual time, spoken by Piper, in a first process and after
a restart: hits, what the voice was spared, and what is on the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import structlog

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.conformance.tts_vendors import VENDORS, TtsVendor
from tests.doubles.phrase_calls import CALLERS, InlineExecutor, Spared, process

from antiphon.agents.build import prepare_reasoning
from antiphon.agents.definition import load_agent
from antiphon.agents.tools import appointment_tools
from antiphon.providers.registry import Registry
from antiphon.runtime.assembly import declared_chunks
from antiphon.runtime.records.waterfall import percentiles
from antiphon.speech.chunks import Chunker
from antiphon.speech.phrases import CachingTts, PhraseCache
from antiphon.speech.ports import TextToSpeech, TtsAudio, TtsRequest, WarmsVoices
from antiphon.speech.shaping import shape
from antiphon.storage.blobs import BlobFolder

ROOT = Path(__file__).resolve().parent.parent
EMBEDDED = {"piper": "local/piper-joe", "kokoro": "local/kokoro-af_heart"}
SENTENCES = (
    "Sure, let me have a look at Thursday.",
    "I have 9:30 with Dr. Patel, or 11:15 with Nurse Brooks.",
    "Thank you, Linda, I have found you.",
    "Just a moment, please, I'm looking at the calendar.",
    "Your appointment is on Friday, November 27th, at 8 in the morning.",
    "If that doesn't suit you, we are open until 5 on weekdays.",
    "You're booked, and we will send you a message the day before.",
    "I'm sorry, the ten o'clock was just taken.",
    "Of course, which day would you like to come in?",
    "No problem, nothing has been changed.",
)


@dataclass(slots=True, kw_only=True)
class Row:
    """One voice. Delays in ms; `cold_ms`, `warmed_ms`: of a first sentence, without and with `warm`."""

    voice: str
    is_double: bool
    clause_ms: list[int] = field(default_factory=list)
    sentence_ms: list[int] = field(default_factory=list)
    cold_ms: list[int] = field(default_factory=list)
    warmed_ms: list[int] = field(default_factory=list)
    took_ms: float = 0.0
    audio_ms: float = 0.0

    def told(self) -> dict[str, Any]:
        factor = None if self.is_double or not self.audio_ms else round(self.took_ms / self.audio_ms, 3)
        delays = {name: getattr(self, name) for name in ("clause_ms", "sentence_ms", "cold_ms", "warmed_ms")}
        return {
            "voice": self.voice,
            "double": self.is_double,
            **{name: percentiles(values) for name, values in delays.items()},
            "requests": len(self.clause_ms) + len(self.sentence_ms),
            "real_time_factor": factor,
        }


def first_clause(sentence: str) -> str:
    """What a reply with this sentence would have a voice speak first."""
    chunker = Chunker()
    return [*chunker.feed(sentence), *chunker.finish()][0]


async def timed(tts: TextToSpeech, request: TtsRequest) -> tuple[int, float, float]:
    """First audio, the end, and how much audio: ms."""
    begun_s = time.perf_counter()
    first_s: list[float] = []
    samples = 0

    def take(audio: TtsAudio) -> None:
        nonlocal samples
        if audio.pcm and not first_s:
            first_s.append(time.perf_counter())
        samples += len(audio.pcm) // 2

    await tts.synthesize(request, take)
    took_ms = (time.perf_counter() - begun_s) * 1000
    return round((first_s[0] - begun_s) * 1000), took_ms, samples * 1000 / request.sample_rate_hz


async def measure(row: Row, tts: TextToSpeech, request: TtsRequest, rounds: int) -> None:
    await tts.synthesize(replace(request, text="Good morning."), lambda audio: None)
    for _ in range(rounds):
        for sentence in SENTENCES:
            for text, delays in ((first_clause(sentence), row.clause_ms), (sentence, row.sentence_ms)):
                first_ms, took_ms, audio_ms = await timed(tts, replace(request, text=shape(text, "en-US")))
                delays.append(first_ms)
                row.took_ms += took_ms
                row.audio_ms += audio_ms


async def embedded(name: str, rate_hz: int, rounds: int) -> Row:
    row = Row(voice=name, is_double=False)
    tts, voice = Registry(environment={}).tts(name)
    await measure(row, tts, TtsRequest(text="", voice=voice, sample_rate_hz=rate_hz), rounds)
    return row


async def double(vendor: TtsVendor, rate_hz: int, rounds: int) -> Row:
    row = Row(voice=vendor.name, is_double=True)
    request = TtsRequest(text="", voice=vendor.voice, sample_rate_hz=rate_hz)
    first = replace(request, text=shape(first_clause(SENTENCES[0]), "en-US"))
    for warmed, delays in ((False, row.cold_ms), (True, row.warmed_ms)):
        for _ in range(rounds):
            async with vendor.bench() as (_, tts):
                if warmed and not isinstance(tts, WarmsVoices):
                    continue
                if warmed:
                    await tts.warm(request)
                delays.append((await timed(tts, first))[0])
    async with vendor.bench() as (_, tts):
        await measure(row, tts, request, rounds)
    return row


async def voices(wanted: Sequence[str], rate_hz: int, rounds: int) -> list[Row]:
    work: list[Callable[[], Awaitable[Row]]] = []
    for name in wanted:
        if name == "doubles":
            work += [lambda vendor=vendor: double(vendor, rate_hz, rounds) for vendor in VENDORS]  # type: ignore[misc]
        else:
            full = EMBEDDED.get(name, name)
            work.append(lambda full=full: embedded(full, rate_hz, rounds))  # type: ignore[misc]
    rows = []
    for each in work:
        rows.append(await each())
        print(rows[-1].told(), file=sys.stderr)
    return rows


def show_voices(rows: Sequence[dict[str, Any]]) -> None:
    print("| voice | first clause: p50 | p95 | p99 | sentence: p50 | p95 | p99 | RTF | cold / warmed p50 |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for row in rows:
        cells = [f"{row['voice']}{' (double)' if row['double'] else ''}"]
        for unit in ("clause_ms", "sentence_ms"):
            cells += [str(row[unit][percent]) for percent in ("p50", "p95", "p99")]
        cells.append("–" if row["real_time_factor"] is None else str(row["real_time_factor"]))
        opened = [row[name]["p50"] for name in ("cold_ms", "warmed_ms")]
        cells.append(" / ".join("–" if each is None else str(each) for each in opened))
        print(f"| {' | '.join(cells)} |")


# ---- the phrase cache


def phrase_calls() -> dict[str, Any]:
    from antiphon.providers.local.piper.tts import PiperTts

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "phrases"
        own: tuple[TextToSpeech, str] = (PiperTts(executor=InlineExecutor()), "joe")
        told = {
            name: _told(process(Path(scratch) / name, folder, EMBEDDED["piper"], own))
            for name in ("first process", "after a restart")
        }
    return {"calls": len(CALLERS), **told}


def _told(spared: Spared) -> dict[str, Any]:
    counts = spared.counts
    return {
        "hits_in_memory": counts.hits_in_memory,
        "hits_on_disk": counts.hits_on_disk,
        "misses": counts.misses,
        "hit_pct": counts.hit_pct,
        "characters": spared.characters,
        "spared": spared.spared,
        "disk_bytes": spared.disk_bytes,
        "files": spared.files,
    }


async def phrase_delays() -> dict[str, Any]:
    """Every declared phrase of the clinic from the voice, then from the disk of another process, then from
    memory."""
    name = EMBEDDED["piper"]
    tts, voice = Registry(environment={}).tts(name)
    definition = load_agent(ROOT / "agents/clinic.yaml")
    with tempfile.TemporaryDirectory() as scratch:
        tools = appointment_tools(
            Path(scratch) / "calendar.sqlite", ROOT / "agents/clinic/calendar.yaml", today=date(2026, 11, 23)
        )
        flow = prepare_reasoning(definition, encoder=None, tools=tools, language_model=None).flow
        folder = Path(scratch) / "phrases"
        requests = [
            TtsRequest(text=text, voice=voice, sample_rate_hz=8000)
            for text in sorted(declared_chunks(definition, flow))
            if len(text) <= 200
        ]
        await tts.synthesize(requests[0], lambda audio: None)
        ways: dict[str, list[int]] = {}
        made = CachingTts(tts, PhraseCache(BlobFolder(folder, max_bytes=1 << 28)), name)
        again = CachingTts(tts, PhraseCache(BlobFolder(folder, max_bytes=1 << 28)), name)
        for way, cached in (("miss", made), ("hit on disk", again), ("hit in memory", again)):
            ways[way] = [(await timed(cached, request))[0] for request in requests]
    return {"phrases": len(requests), **{way: percentiles(delays) for way, delays in ways.items()}}


def show_calls(told: dict[str, Any]) -> None:
    print(f"{told['calls']} whole calls in each process, nothing on the disk before the first\n")
    print("| | from memory | from disk | missed | hit rate | characters spoken | spared | kept on disk |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for name in ("first process", "after a restart"):
        row = told[name]
        said = row["characters"] + row["spared"]
        print(
            f"| {name} | {row['hits_in_memory']} | {row['hits_on_disk']} | {row['misses']} "
            f"| {row['hit_pct']} % | {said} | {100 * row['spared'] // max(1, said)} % "
            f"| {row['files']} files, {row['disk_bytes'] / 1e6:.1f} MB |"
        )


def show_phrases(delays: dict[str, Any]) -> None:
    print(f"| first audio, {delays['phrases']} declared phrases | p50 | p95 | p99 |\n|---|--:|--:|--:|")
    for way in ("miss", "hit on disk", "hit in memory"):
        p = delays[way]
        print(f"| {way} | {p['p50']} | {p['p95']} | {p['p99']} |")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--what", default="voices,phrases,calls")
    parser.add_argument("--voices", default="piper,kokoro,doubles")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=8000)
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    what, told = args.what.split(","), dict[str, Any]()
    if "voices" in what:
        rows = asyncio.run(voices(args.voices.split(","), args.rate, args.rounds))
        told["voices"] = [row.told() for row in rows]
        show_voices(told["voices"])
    if "phrases" in what:
        told["phrases"] = asyncio.run(phrase_delays())
        show_phrases(told["phrases"])
    if "calls" in what:
        told["calls"] = phrase_calls()
        show_calls(told["calls"])
    if args.json:
        Path(args.json).write_text(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
