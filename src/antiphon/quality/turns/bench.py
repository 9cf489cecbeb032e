"""The embedded ears over labelled recordings: what each pause sounded like, and what a policy makes of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from antiphon.audio.level import active_level_dbfs
from antiphon.audio.resample import resample
from antiphon.audio.wav import read_wav
from antiphon.calls.loopback import NoiseMix
from antiphon.conversation.policy import Policy
from antiphon.providers.local.silero import SileroVad
from antiphon.providers.local.smart_turn import Blend, SmartTurn
from antiphon.providers.local.whisper.engine import Recognition, WhisperEngine
from antiphon.providers.local.whisper.stream import WhisperStream
from antiphon.quality.listening import through_phone
from antiphon.quality.turns.caches import KnownLines, KnownRecogniser, KnownScores, Store, key_of
from antiphon.quality.turns.cases import Case
from antiphon.quality.turns.heard_pauses import NEVER, HeardPause, heard_pauses, without_words
from antiphon.quality.turns.judge import CaseOnLine, Pause
from antiphon.quality.turns.line import Ear, Samples
from antiphon.quality.turns.mouth import Sentence
from antiphon.quality.turns.virtual import InlineExecutor, VirtualLoop, run_virtually
from antiphon.quality.turns.world import Agent, Costs, Done, Ears, Heard, World
from antiphon.runtime.media import SpeechGate
from antiphon.speech.ports import SttConfig, SttEvent
from antiphon.speech.prosody import final_voicing_ms

NOISES = ("noise/cafe_kitchen.flac", "noise/office.flac", "noise/city.flac")
_TAIL_MS = 2500  # The line stays open after a recording.
_WINDOW_MS = 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounded:
    """What is known of a pause without words: the model's own score, and the final voicing."""

    pause: Pause
    voicing_ms: int


class Bench:
    """Recordings of one folder; everything the models say is kept under `cache`.

    Raises:
        ConfigError: A model is missing.
    """

    def __init__(self, folder: Path, cache: Path, blend: Blend) -> None:
        self._folder = folder
        self._store = Store(cache / "ears.jsonl")
        gate = SpeechGate()
        ear = Ear(SileroVad(8000), SileroVad(16000), gate)
        self._gate_name, self._blend = f"silero-vad {gate}", blend
        self._lines = KnownLines(ear, self._store, self._gate_name)
        self._engine = KnownRecogniser(WhisperEngine("tiny.en"), Recognition, self._store, "whisper-tiny.en")
        raw = SmartTurn(InlineExecutor(), blend=None)
        self._raw = KnownScores(raw, self._store, "smart-turn")
        self._blended = _Blended(self._raw, blend)
        self._loaded: dict[tuple[str, str], tuple[Heard, int]] = {}
        self.costs = Costs()

    def on_line(self, case: Case, way: str) -> CaseOnLine:
        heard, duration_ms = self._heard(case.file, way)
        return CaseOnLine(case=case, line=heard.events, duration_ms=duration_ms)

    def decide(self, case: Case, way: str, policy: Policy) -> list[Done]:
        """Everything the core does with this recording."""
        heard, _ = self._heard(case.file, way)
        ears = Ears(recogniser=self._stt, scorer=self._blended, costs=self.costs)
        agent = Agent(expects=case.expects)
        return run_virtually(lambda loop: World(loop, heard, policy, ears, agent).run())

    def pauses(self, case: Case, way: str) -> list[HeardPause]:
        """Every pause of the recording as the core hears it; for `taken_by_policy`."""
        heard, _ = self._heard(case.file, way)
        key = key_of("pauses", self._gate_name, self._blend, heard.samples, heard.rate_hz, case.expects)
        known = self._store.get(key)
        if known is None:
            worlds: list[World] = []

            def world(loop: VirtualLoop) -> World:
                ears = Ears(recogniser=self._stt, scorer=self._blended, costs=self.costs)
                worlds.append(World(loop, heard, Policy(turn=NEVER), ears, Agent(expects=case.expects)))
                return worlds[0]

            run_virtually(lambda loop: world(loop).run())
            known = msgspec.to_builtins(heard_pauses(worlds[0].events))
            self._store.put(key, known)
        return msgspec.convert(known, list[HeardPause])

    def over(
        self,
        samples: Samples,
        rate_hz: int,
        policy: Policy,
        sentence: Sentence,
        voice: Samples | None = None,
    ) -> list[Done]:
        """Everything the core does when the line brings these samples while the agent says the sentence."""
        heard = Heard(samples=samples, rate_hz=rate_hz, events=self._lines.hear(samples, rate_hz))
        ears = Ears(recogniser=self._stt, scorer=self._blended, costs=self.costs)
        agent = Agent(says=sentence, voice=voice)
        return run_virtually(lambda loop: World(loop, heard, policy, ears, agent).run())

    def sounded(self, case: Case, way: str) -> list[Sounded]:
        """Every pause of the recording, as a rule without words may know it."""
        heard, _ = self._heard(case.file, way)
        return run_virtually(lambda loop: self._sounded(heard))

    def wordless(self, case: Case, way: str) -> list[HeardPause]:
        """Every pause as it sounds; for what the score alone is worth to a policy."""
        return [
            without_words(
                found.pause,
                self._blend.probability(found.pause.score, found.voicing_ms),
                self.costs.transcript_ms,
            )
            for found in self.sounded(case, way)
        ]

    def _stt(self, executor: Executor) -> _Stt:
        return _Stt(self._engine, executor)

    async def _sounded(self, heard: Heard) -> list[Sounded]:
        found = []
        for place, event in enumerate(heard.events):
            if event.began:
                continue
            first = max(0, event.given - _WINDOW_MS * heard.rate_hz // 1000)
            samples = heard.samples[first : event.given]
            resumed = next((later.at_ms for later in heard.events[place + 1 :] if later.began), None)
            score = await self._raw.score(samples.astype("<i2").tobytes(), heard.rate_hz)
            pause = Pause(ended_ms=event.date_ms, noticed_ms=event.at_ms, resumed_ms=resumed, score=score)
            found.append(Sounded(pause=pause, voicing_ms=final_voicing_ms(samples, heard.rate_hz)))
        return found

    def _heard(self, file: str, way: str) -> tuple[Heard, int]:
        """The recording as this line has it, and how long it is without our tail, ms."""
        known = self._loaded.get((file, way))
        if known is None:
            samples, rate_hz = read_wav(self._folder / file)
            duration_ms = len(samples) * 1000 // rate_hz
            samples, rate_hz = self._altered(samples, rate_hz, way, file)
            heard = Heard(samples=samples, rate_hz=rate_hz, events=self._lines.hear(samples, rate_hz))
            known = self._loaded[file, way] = (heard, duration_ms)
        return known

    def _altered(self, samples: Samples, rate_hz: int, way: str, file: str) -> tuple[Samples, int]:
        if rate_hz not in (8000, 16000):
            samples, rate_hz = resample(samples, rate_hz, 16000), 16000
        level = active_level_dbfs(samples, rate_hz)
        samples = np.concatenate([samples, np.zeros(rate_hz * _TAIL_MS // 1000, np.int16)])
        if way.startswith("noise"):
            # By name, so that a recording meets the same noise in whatever order they are heard.
            noise, noise_hz = read_wav(self._folder / NOISES[sum(file.encode()) % len(NOISES)])
            mix = NoiseMix(
                resample(noise, noise_hz, rate_hz),
                snr_db=float(way.removeprefix("noise")),
                speech_dbfs=level,
                sample_rate_hz=rate_hz,
            )
            return mix.apply(samples), rate_hz
        return through_phone(samples, rate_hz) if way == "phone" else (samples, rate_hz)


class _Blended:
    """The scorer as it is in a call, on the model's remembered answers."""

    def __init__(self, raw: KnownScores, blend: Blend) -> None:
        self._raw, self._blend = raw, blend

    async def score(self, pcm: bytes, sample_rate_hz: int) -> float:
        model = await self._raw.score(pcm, sample_rate_hz)
        return self._blend.probability(model, final_voicing_ms(np.frombuffer(pcm, "<i2"), sample_rate_hz))


class _Stt:
    """The embedded recogniser, decoding in the executor it is given."""

    def __init__(self, engine: KnownRecogniser, executor: Executor) -> None:
        self._engine, self._executor = engine, executor

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> WhisperStream:
        return WhisperStream(self._engine, self._executor, config, emit)
