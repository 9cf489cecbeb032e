"""What a sound over the agent's voice does: paused for nothing, interrupted by nothing, or missed.

    ANTIPHON_SPEECH_DIR=... python benchmarks/barge_in.py [--cache DIR] [--policy snappy|balanced|patient]

The agent speaks without end while the line brings noise, hold music, silence, listening noises, an echo of
its own voice, or somebody who really interrupts. Real voice activity and dating, embedded recogniser, real
core on virtual time. Listening noises and the echo are spoken by the embedded Kokoro voices: the
recordings have none that a telephone would carry.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from antiphon.audio.level import active_level_dbfs
from antiphon.audio.resample import resample
from antiphon.audio.wav import read_wav
from antiphon.calls.loopback import NoiseMix
from antiphon.conversation.commands import Command, FlushPlayout, PausePlayout, ResumePlayout, StartPlayout
from antiphon.conversation.policy import PRESETS, Policy
from antiphon.providers.local.kokoro.tts import KokoroTts
from antiphon.providers.local.smart_turn import Blend
from antiphon.quality.listening import through_phone
from antiphon.quality.recordings import read_manifest
from antiphon.quality.turns.bench import NOISES, Bench
from antiphon.quality.turns.caches import key_of
from antiphon.quality.turns.line import Samples
from antiphon.quality.turns.mouth import Sentence
from antiphon.quality.turns.world import Done
from antiphon.speech.ports import TtsAudio, TtsRequest
from antiphon.storage.home import home_directory

RATE_HZ = 16000
LEAD_MS = 2000  # The agent has spoken for about a second and a half when the sound begins.
TAIL_MS = 2500
PIECE_MS = 10_000
LISTENING = ("mm-hm", "okay", "right", "yeah", "uh-huh", "I see", "got it", "sure")
SHORT = (
    "Thursday", "Wait", "Stop", "No", "The second one", "Doctor Patel", "How much?", "Friday please", "What?",
    "At nine", "Excuse me", "Hold on", "Not Tuesday", "Which doctor?", "Mornings", "In December",
)  # fmt: skip
VOICES = ("af_heart", "am_michael", "bf_emma", "bm_george", "ef_dora", "ff_siwis", "hm_omega")
SAID = (
    "Your appointment is on Thursday at ten in the morning with Doctor Fields. Please bring your insurance "
    "card and a list of the medicines you take, and come fifteen minutes early."
)
LONG = Sentence(text="We have a lot to tell you about this, and it takes a while.", duration_ms=120_000)
ECHO_DB = (10, 20, 30)
ECHO_PASSES = 12
ECHO_MS = 120  # From our line to the caller's loudspeaker, through the room and back.
INTERRUPTING = 60
SPEECH_DBFS = -26.0  # A caller on a telephone line.


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """`onset_ms`: where in `samples` somebody begins to interrupt; None: nobody does."""

    group: str
    samples: Samples
    rate_hz: int = RATE_HZ
    onset_ms: int | None = None


@dataclass(slots=True)
class Row:
    trials: int = 0
    early: int = 0  # Paused before anybody interrupted,
    early_flushed: int = 0  # or even interrupted.
    paused_ms: list[int] = field(default_factory=list)
    flushed_ms: list[int] = field(default_factory=list)


class Speaker:
    """Kokoro, each phrase rendered once and kept."""

    def __init__(self, cache: Path) -> None:
        self._cache, self._tts = cache / "voices", None
        self._cache.mkdir(parents=True, exist_ok=True)

    def say(self, text: str, voice: str) -> Samples:
        path = self._cache / f"{key_of(voice, text)}.npy"
        if not path.exists():
            self._tts = self._tts or KokoroTts()
            blocks: list[TtsAudio] = []
            request = TtsRequest(text=text, voice=voice, sample_rate_hz=RATE_HZ)
            asyncio.run(self._tts.synthesize(request, blocks.append))
            np.save(path, np.frombuffer(b"".join(block.pcm for block in blocks), "<i2"))
        samples: Samples = np.load(path)
        return samples


def at_level(samples: Samples, dbfs: float, rate_hz: int = RATE_HZ) -> Samples:
    gain = 10 ** ((dbfs - active_level_dbfs(samples, rate_hz)) / 20)
    return np.clip(samples * gain, -32767, 32767).astype(np.int16)


def on_line(samples: Samples, rate_hz: int = RATE_HZ) -> Samples:
    lead, tail = (np.zeros(rate_hz * ms // 1000, np.int16) for ms in (LEAD_MS, TAIL_MS))
    return np.concatenate([lead, samples, tail])


def sounds(folder: Path) -> Iterator[Trial]:
    """Noise, music, keyboards and silence, ten seconds at a time."""
    for recording in read_manifest(folder):
        if recording.kind not in ("noise", "silence"):
            continue
        samples, rate_hz = read_wav(folder / recording.file)
        if rate_hz not in (8000, 16000):
            samples, rate_hz = resample(samples, rate_hz, RATE_HZ), RATE_HZ
        name = Path(recording.file).stem
        music = name.startswith(("hold", "moh"))
        group = "silence, tones" if recording.kind == "silence" else "hold music" if music else "noise"
        group = "keyboard" if "keyboard" in name else "babble" if "crowded" in name else group
        step = rate_hz * PIECE_MS // 1000
        for start in range(0, max(1, len(samples) - step // 3), step):
            piece = samples[start : start + step]
            yield Trial(group=group, samples=on_line(piece, rate_hz), rate_hz=rate_hz)


def listening_noises(speaker: Speaker) -> Iterator[Trial]:
    for voice in VOICES:
        for text in LISTENING:
            samples = at_level(speaker.say(text, voice), SPEECH_DBFS)
            yield Trial(group="backchannel", samples=on_line(samples))


def short_interruptions(speaker: Speaker) -> Iterator[Trial]:
    """What must not be taken for a listening noise."""
    for voice in VOICES:
        for text in SHORT:
            samples = on_line(at_level(speaker.say(text, voice), SPEECH_DBFS))
            yield Trial(group="interruption, a few words", samples=samples, onset_ms=LEAD_MS)


def echo_row(bench: Bench, speaker: Speaker, weaker_db: int, policy: Policy) -> Row:
    """The agent's own voice comes back, and falls silent when the agent does: each pass hears the echo of
    what was played in the pass before, until nothing changes."""
    row = Row()
    for voice in VOICES[:4]:
        ours = at_level(speaker.say(SAID, voice), SPEECH_DBFS)
        said = at_level(ours, SPEECH_DBFS - weaker_db)
        sentence = Sentence(text=SAID, duration_ms=len(said) * 1000 // RATE_HZ)
        played: list[tuple[int, int, int]] = []
        done: list[Done] = []
        for _ in range(ECHO_PASSES):
            done = bench.over(echo_of(said, played), RATE_HZ, policy, sentence, ours)
            before, played = played, playing(done, sentence.duration_ms)
            if played == before:
                break
        row.trials += 1
        row.paused_ms += first_ms(done, PausePlayout)
        row.flushed_ms += first_ms(done, FlushPlayout)
    return row


def playing(done: Sequence[Done], duration_ms: int) -> list[tuple[int, int, int]]:
    """(from, until, position in the sentence) of what was played, ms."""
    spans: list[tuple[int, int, int]] = []
    since_ms, heard_ms = None, 0
    for item in done:
        match item.command:
            case StartPlayout() if since_ms is None and not spans:
                since_ms = item.at_ms
            case ResumePlayout(rewind_ms=rewind_ms) if since_ms is None:
                since_ms, heard_ms = item.at_ms, max(0, heard_ms - rewind_ms)
            case PausePlayout() | FlushPlayout() if since_ms is not None:
                spans.append((since_ms, item.at_ms, heard_ms))
                since_ms, heard_ms = None, heard_ms + item.at_ms - since_ms
    if since_ms is not None:
        spans.append((since_ms, since_ms + duration_ms - heard_ms, heard_ms))
    return spans


def echo_of(said: Samples, played: Sequence[tuple[int, int, int]]) -> Samples:
    ms = RATE_HZ // 1000
    end_ms = max((until_ms for _, until_ms, _ in played), default=0) + ECHO_MS
    line = np.zeros((end_ms + TAIL_MS) * ms, np.int16)
    for from_ms, until_ms, heard_ms in played:
        piece = said[heard_ms * ms : (heard_ms + until_ms - from_ms) * ms]
        start = (from_ms + ECHO_MS) * ms
        line[start : start + len(piece)] = piece
    return line


def first_ms(done: Sequence[Done], kind: type[Command]) -> list[int]:
    return [item.at_ms for item in done if isinstance(item.command, kind)][:1]


def interruptions(folder: Path, way: str) -> Iterator[Trial]:
    """Whole orders said over the agent."""
    orders = [item for item in read_manifest(folder) if item.file.startswith("clean/order")]
    for number, recording in enumerate(orders[:INTERRUPTING]):
        samples, rate_hz = read_wav(folder / recording.file)
        levels = np.flatnonzero(np.abs(samples.astype(np.int32)) > 0.1 * np.abs(samples).max())
        start = max(0, int(levels[0]) - rate_hz // 20)  # The recordings begin with up to a second of room.
        said = at_level(samples[start:], SPEECH_DBFS, rate_hz)
        line = on_line(said, rate_hz)
        if way.startswith("noise"):
            noise, noise_hz = read_wav(folder / NOISES[number % len(NOISES)])
            mix = NoiseMix(
                resample(noise, noise_hz, rate_hz),
                snr_db=float(way.removeprefix("noise")),
                speech_dbfs=SPEECH_DBFS,
                sample_rate_hz=rate_hz,
            )
            line = mix.apply(line)
        if way == "phone":
            line, rate_hz = through_phone(line, rate_hz)
        yield Trial(group=f"interruption, {way}", samples=line, rate_hz=rate_hz, onset_ms=LEAD_MS + 50)


def run(bench: Bench, trials: Iterator[Trial], policy: Policy) -> dict[str, Row]:
    rows: dict[str, Row] = defaultdict(Row)
    for trial in trials:
        done = bench.over(trial.samples, trial.rate_hz, policy, LONG)
        row = rows[trial.group]
        row.trials += 1
        onset_ms = trial.onset_ms or 0
        paused = [item.at_ms for item in done if isinstance(item.command, PausePlayout)]
        flushed = [item.at_ms for item in done if isinstance(item.command, FlushPlayout)]
        row.early += any(at_ms < onset_ms for at_ms in paused)
        row.early_flushed += any(at_ms < onset_ms for at_ms in flushed)
        row.paused_ms += [at_ms - onset_ms for at_ms in paused if at_ms >= onset_ms][:1]
        if not any(at_ms < onset_ms for at_ms in flushed):
            row.flushed_ms += [at_ms - onset_ms for at_ms in flushed][:1]
    return rows


def percentile(values: Sequence[int], share: float) -> str:
    return f"{np.percentile(values, share):.0f}" if values else "-"


def false_table(rows: dict[str, Row]) -> str:
    lines = ["| sound | trials | paused % | interrupted % |", "| --- | --: | --: | --: |"]
    for group, row in rows.items():
        paused, flushed = (100 * len(seen) / row.trials for seen in (row.paused_ms, row.flushed_ms))
        lines.append(f"| {group} | {row.trials} | {paused:.0f} | {flushed:.0f} |")
    return "\n".join(lines)


def missed_table(rows: dict[str, Row]) -> str:
    lines = [
        "| line | trials | paused early % | flushed early % | missed % | pause p50 | p99 | flush p50 | p99 |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for group, row in rows.items():
        missed = row.trials - row.early_flushed - len(row.flushed_ms)
        cells = [f"{100 * count / row.trials:.0f}" for count in (row.early, row.early_flushed, missed)]
        for times in (row.paused_ms, row.flushed_ms):
            cells += [percentile(times, 50), percentile(times, 99)]
        lines.append(f"| {group} | {row.trials} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("ANTIPHON_SPEECH_DIR", "")))
    parser.add_argument("--cache", type=Path, default=home_directory() / "turn_taking")
    parser.add_argument("--policy", choices=sorted(PRESETS), default="balanced")
    parser.add_argument("--ways", default="recorded,phone,noise20,noise10,noise5")
    args = parser.parse_args()
    bench, speaker = Bench(args.folder, args.cache, Blend()), Speaker(args.cache)
    policy = Policy(turn=PRESETS[args.policy])
    nobody: dict[str, Row] = {}
    for trials in (sounds(args.folder), listening_noises(speaker)):
        nobody |= run(bench, trials, policy)
    for weaker_db in ECHO_DB:
        nobody[f"own voice, -{weaker_db} dB"] = echo_row(bench, speaker, weaker_db, policy)
    print(false_table(nobody), flush=True)
    somebody: dict[str, Row] = run(bench, short_interruptions(speaker), policy)
    for way in args.ways.split(","):
        somebody |= run(bench, interruptions(args.folder, way), policy)
    print("\n" + missed_table(somebody))
    return 0


if __name__ == "__main__":
    sys.exit(main())
