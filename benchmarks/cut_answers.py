"""Are answers of voices that were cut told from those that are complete?

    [ANTIPHON_SPEECH_DIR=...] python benchmarks/cut_answers.py [--voices local/piper-joe,...] [--every N]

Complete answers of each voice in many orders: none may be called cut, neither with the silence that a voice
ends with nor without it. Then cuts at random places from 10 to 90 % of the speech, of a voice that is not
known yet and of one that has spoken: how many are found. Embedded voices say the clinic's declared phrases,
ten sentences and short answers; the recordings are one speaker's prompts and digits each. Every recording,
whoever speaks, is a new voice's first answer besides.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import json
import os
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.voices import SENTENCES

from antiphon.agents.build import prepare_reasoning
from antiphon.agents.definition import load_agent
from antiphon.agents.tools import appointment_tools
from antiphon.providers.registry import Registry
from antiphon.runtime.assembly import declared_chunks
from antiphon.speech.pace import VoicePace, letters
from antiphon.speech.ports import TtsAudio, TtsRequest
from antiphon.speech.shaping import shape
from antiphon.speech.spoken_length import SoundMeter, SpokenLength

ROOT = Path(__file__).resolve().parent.parent
RATE_HZ = 24_000
SHORT = (
    "Yes.", "No.", "Okay.", "Hi.", "Goodbye.", "One moment.", "At 9:30.", "Thank you, Linda.",
    "It is 415 555 0132.", "Oh!", "Right, so", "Sure,",
)  # fmt: skip
ORDERS, CUTS = 40, 600
SPANS = (0.1, 0.3, 0.5, 0.7, 0.9)
# Whose end is a beep, or was cut when the recording was made.
NOT_WHOLE = ("voicemail/", "libri_1088")
TELLING = 8  # Answers of one speaker.
HEARD_FROM = 200  # Of 32768.


@dataclass(frozen=True, kw_only=True)
class Answer:
    text: str
    rate_hz: int
    samples: NDArray[np.int16]

    def measured(self, end: int | None = None) -> SpokenLength:
        meter = SoundMeter(self.rate_hz)
        meter.push(self.samples[:end])
        return meter.measure()

    def cut(self, share: float) -> SpokenLength:
        (heard,) = np.nonzero(np.abs(self.samples.astype(np.int32)) > HEARD_FROM)
        return self.measured(int(heard[0] + (heard[-1] - heard[0]) * share))


def row(name: str, answers: Sequence[Answer], dice: random.Random) -> str:
    whole = [
        (each.text, each.measured(end))
        for each in answers
        for end in (None, int(np.nonzero(each.samples)[0][-1]) + 1)
    ]
    false = 0
    for order in range(ORDERS):
        lengths = whole[order % 2 :: 2]
        dice.shuffle(lengths)
        pace = VoicePace(1.0)
        false += sum(bool(pace.missing(*each)) for each in lengths)
    known = VoicePace(1.0)
    for each in whole[::2]:
        known.missing(*each)
    new, found = 0, [[0, 0] for _ in SPANS[1:]]
    for number in range(CUTS):
        answer, share = answers[number % len(answers)], dice.uniform(SPANS[0], SPANS[-1])
        length = answer.cut(share)
        new += bool(VoicePace(1.0).missing(answer.text, length))
        counted = found[min(int((share - SPANS[0]) / 0.2), len(found) - 1)]
        counted[0] += bool(copy.deepcopy(known).missing(answer.text, length))
        counted[1] += 1
    shares = [f"{100 * hits / cuts:.0f}" for hits, cuts in found]
    learned = sum(hits for hits, _ in found)
    cells = [name, len(answers), f"{false} of {len(answers) * ORDERS}", f"{100 * new / CUTS:.0f}"]
    return f"| {' | '.join(map(str, [*cells, f'{100 * learned / CUTS:.0f}', ' / '.join(shares)]))} |"


async def spoken(name: str, every: int) -> list[Answer]:
    definition = load_agent(ROOT / "agents/clinic.yaml")
    with tempfile.TemporaryDirectory() as scratch:
        tools = appointment_tools(
            Path(scratch) / "calendar.sqlite", ROOT / "agents/clinic/calendar.yaml", today=date(2026, 11, 23)
        )
        flow = prepare_reasoning(definition, encoder=None, tools=tools, language_model=None).flow
    phrases = sorted(declared_chunks(definition, flow))[::every]
    tts, voice = Registry(environment={}).tts(name)
    answers = []
    for text in (*(shape(text, "en-US") for text in (*SENTENCES, *SHORT)), *phrases):
        pieces: list[TtsAudio] = []
        await tts.synthesize(TtsRequest(text=text, voice=voice, sample_rate_hz=RATE_HZ), pieces.append)
        samples = np.frombuffer(b"".join(piece.pcm for piece in pieces), np.int16)
        if samples.any() and letters(text):
            answers.append(Answer(text=text, rate_hz=RATE_HZ, samples=samples))
    return answers


def recorded(folder: Path) -> dict[str, list[Answer]]:
    """By speaker."""
    found: dict[str, list[Answer]] = {}
    for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        told = entry.get("transcript_source") or ""
        speaker, file = entry.get("speaker") or "unknown", entry["file"]
        if not entry.get("transcript") or "not human-checked" in told:
            continue
        if entry["kind"] not in ("clean", "digits", "multilingual", "phone8k", "accents"):
            continue
        if any(mark in file for mark in NOT_WHOLE):
            continue
        samples, rate_hz = soundfile.read(folder / file, dtype="int16", always_2d=True)
        name = f"{speaker}, {entry['kind']}, {entry['language']}"
        found.setdefault(name, []).append(
            Answer(text=entry["transcript"], rate_hz=rate_hz, samples=samples[:, 0])
        )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--voices", default="local/piper-joe,local/kokoro-af_heart")
    parser.add_argument("--every", type=int, default=1, help="only every Nth of the clinic's phrases")
    args = parser.parse_args()
    print("| voice | answers | complete, called cut | cuts found, new voice, % | known, % | by place, % |")
    print("|---|--:|--:|--:|--:|--:|")
    dice = random.Random(1)
    for name in filter(None, args.voices.split(",")):
        print(row(name, asyncio.run(spoken(name, args.every)), dice), flush=True)
    if folder := os.environ.get("ANTIPHON_SPEECH_DIR"):
        by_speaker = recorded(Path(folder))
        for name, answers in sorted(by_speaker.items()):
            if len(answers) >= TELLING and not name.startswith("unknown"):
                print(row(name, answers, dice), flush=True)
        first = [each for answers in by_speaker.values() for each in answers]
        false = sum(bool(VoicePace(1.0).missing(each.text, each.measured())) for each in first)
        print(f"\nFirst answers, complete, called cut: {false} of {len(first)} recordings")
    return 0


if __name__ == "__main__":
    sys.exit(main())
