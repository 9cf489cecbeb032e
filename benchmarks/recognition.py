"""Word error rate, slot recall, made-up words and decode time of the embedded recogniser.

    ANTIPHON_SPEECH_DIR=... python benchmarks/recognition.py [--kinds clean,phone8k] [--every 4] [--json]

Ways of hearing the recordings: `live` (100 ms blocks, voice activity, one final a pause, as in a call),
`phone` (the same after 8 kHz mu-law), `noise20`, `noise10`, `noise5` (live, with a kitchen, an office and a
street mixed under it in turn at that many dB) and `whole` (one decode a recording, no voice activity).
`--baseline FILE` scores another engine's texts ({"file": "text"}) with the same normalisation.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.level import active_level_dbfs
from antiphon.audio.resample import resample
from antiphon.calls.loopback import NoiseMix
from antiphon.providers.local.silero import SileroVad
from antiphon.providers.local.whisper import WhisperEngine, WhisperStt
from antiphon.providers.local.whisper.care import VoiceEvidence, believed_text
from antiphon.providers.local.whisper.segment import loudest_dbfs
from antiphon.quality.listening import listen, through_phone
from antiphon.quality.recordings import Recording, load, read_manifest
from antiphon.quality.wer import WordErrors, slot_recall, wer

KINDS = ("clean", "accents", "phone8k", "voicemail", "conversation", "digits", "multilingual")
WORDLESS = ("silence", "noise")
WHOLE_PIECE_S = 28
NOISES = ("noise/cafe_kitchen", "noise/office", "noise/city")


@dataclass(slots=True)
class Score:
    errors: WordErrors = field(default_factory=WordErrors)
    slots_found: int = 0
    slots: int = 0
    took_ms: list[int] = field(default_factory=list)
    clips: int = 0
    silent: int = 0
    partials: int = 0

    def row(self) -> dict[str, Any]:
        took = self.took_ms or [0]
        return {
            "clips": self.clips,
            "wer_percent": round(100 * self.errors.rate, 1) if self.errors.reference_words else None,
            "words": self.errors.reference_words,
            "slot_recall_percent": round(100 * self.slots_found / self.slots, 1) if self.slots else None,
            "decode_ms_p50": round(float(np.percentile(took, 50))),
            "decode_ms_p95": round(float(np.percentile(took, 95))),
            "silent_percent": round(100 * self.silent / self.clips, 1) if self.clips else None,
        }


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stt = {False: WhisperStt("tiny.en"), True: WhisperStt("base")}
        self._vad = {rate: SileroVad(rate) for rate in (8000, 16000)}
        self._noises = [item for item in read_manifest(folder) if item.file.startswith(NOISES)]
        self._turn = 0
        self.texts: dict[str, dict[str, str]] = defaultdict(dict)

    async def hear(self, recording: Recording, way: str) -> tuple[str, list[int], bool]:
        """(text, decode times, whether no word was emitted at any time)."""
        samples, rate_hz = load(self._folder, recording)
        stt = self._stt[(recording.language or "en") != "en"]
        language = "" if "+" in (recording.language or "") else recording.main_language
        if way == "whole":
            text, took_ms = _whole(stt.engine, resample(samples, rate_hz, 16000), language)
            return text, took_ms, not text
        if way == "phone":
            samples, rate_hz = through_phone(samples, rate_hz)
        elif rate_hz not in self._vad:
            samples, rate_hz = resample(samples, rate_hz, 16000), 16000
        if way.startswith("noise"):
            samples = self._with_noise(samples, rate_hz, snr_db=float(way.removeprefix("noise")))
        heard = await listen(stt, self._vad[rate_hz], samples, language=language)
        return heard.text, heard.finals_took_ms, not any(item.text for item in heard.transcripts)

    def _with_noise(self, samples: NDArray[np.int16], rate_hz: int, *, snr_db: float) -> NDArray[np.int16]:
        recording = self._noises[self._turn % len(self._noises)]
        self._turn += 1
        noise, noise_hz = load(self._folder, recording)
        level = active_level_dbfs(samples, rate_hz)
        mix = NoiseMix(
            resample(noise, noise_hz, rate_hz), snr_db=snr_db, speech_dbfs=level, sample_rate_hz=rate_hz
        )
        return mix.apply(samples)

    async def run(self, recordings: Sequence[Recording], way: str) -> dict[str, Score]:
        scores: dict[str, Score] = defaultdict(Score)
        for recording in recordings:
            text, took_ms, silent = await self.hear(recording, way)
            self.texts[way][recording.file] = text
            add(scores[recording.kind], recording, text)
            scores[recording.kind].took_ms += took_ms
            scores[recording.kind].silent += silent
        return scores


def add(score: Score, recording: Recording, text: str) -> None:
    score.clips += 1
    if recording.wer_ok and recording.transcript is not None:
        score.errors += wer(recording.transcript, text, recording.main_language)
        found, slots = slot_recall(recording.slots, text)
        score.slots_found, score.slots = score.slots_found + found, score.slots + slots


def _whole(engine: WhisperEngine, samples: NDArray[np.int16], language: str) -> tuple[str, list[int]]:
    """Without voice activity: the recording in pieces of up to 28 s."""
    audio = samples.astype(np.float32) / np.float32(32768)
    texts, took_ms = [], []
    for at in range(0, len(audio), WHOLE_PIECE_S * 16000):
        piece = audio[at : at + WHOLE_PIECE_S * 16000]
        found = engine.transcribe(piece, language=language)
        took_ms.append(found.took_ms)
        texts.append(believed_text(found, VoiceEvidence(voiced_ms=None, level_dbfs=loudest_dbfs(piece))))
    return " ".join(text for text in texts if text), took_ms


def baseline_scores(recordings: Sequence[Recording], texts: dict[str, str]) -> dict[str, Score]:
    scores: dict[str, Score] = defaultdict(Score)
    for recording in recordings:
        if recording.wer_ok and recording.file in texts:
            add(scores[recording.kind], recording, texts[recording.file])
    return scores


def chosen(recordings: Sequence[Recording], kinds: Sequence[str], every: int) -> list[Recording]:
    """Every n-th of each kind that is labelled or wordless."""
    picked = []
    for kind in kinds:
        of_kind = [item for item in recordings if item.kind == kind and (item.wer_ok or kind in WORDLESS)]
        picked += of_kind[::every]
    return picked


def table(report: dict[str, dict[str, dict[str, Any]]]) -> str:
    lines = [
        f"{'way':9}{'kind':14}{'clips':>6}{'WER %':>8}{'slots %':>9}"
        f"{'p50 ms':>8}{'p95 ms':>8}{'silent %':>10}"
    ]
    for way, kinds in report.items():
        for kind, row in kinds.items():
            cells = [
                row[key] if row[key] is not None else "-"
                for key in ("clips", "wer_percent", "slot_recall_percent", "decode_ms_p50", "decode_ms_p95")
            ]
            silent = row["silent_percent"] if kind in WORDLESS else "-"
            lines.append(
                f"{way:9}{kind:14}{cells[0]:>6}{cells[1]:>8}{cells[2]:>9}{cells[3]:>8}{cells[4]:>8}{silent:>10}"
            )
    return "\n".join(lines)


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--kinds", default=",".join((*KINDS, *WORDLESS)))
    arguments.add_argument("--ways", default="live,phone,whole")
    arguments.add_argument("--every", type=int, default=1, help="only every n-th recording of a kind")
    arguments.add_argument("--baseline", type=Path, help='another engine\'s texts: {"file": "text"}')
    arguments.add_argument("--texts", type=Path, help="write what was heard here")
    arguments.add_argument("--json", action="store_true")
    args = arguments.parse_args()
    folder = Path(os.environ.get("ANTIPHON_SPEECH_DIR", ""))
    recordings = chosen(read_manifest(folder), args.kinds.split(","), args.every)
    began = time.perf_counter()
    bench = Bench(folder)
    report = {"load": {"seconds": round(time.perf_counter() - began, 1)}}
    ways: dict[str, dict[str, dict[str, Any]]] = {}
    for way in args.ways.split(","):
        ways[way] = {kind: score.row() for kind, score in asyncio.run(bench.run(recordings, way)).items()}
    if args.baseline:
        scores = baseline_scores(recordings, json.loads(args.baseline.read_text()))
        ways["baseline"] = {kind: score.row() for kind, score in scores.items()}
    if args.texts:
        args.texts.write_text(json.dumps(bench.texts, ensure_ascii=False, indent=1))
    print(json.dumps({**report, **ways}, indent=2) if args.json else table(ways))
    return 0


if __name__ == "__main__":
    sys.exit(main())
