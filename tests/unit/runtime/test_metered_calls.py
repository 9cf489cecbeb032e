"""What the traces of whole calls say was used is what the vendors counted, however the calls went."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from benchmarks.load.doubles import HearingDouble, HearingStream, ModelDouble, VoiceDouble
from benchmarks.load.script import Pace
from benchmarks.load.server import Vendors
from tests.doubles.on_disk import traces
from tests.doubles.phone_world import PhoneWorld
from tests.doubles.virtual_loop import live

from antiphon.agents.ports import Completion, Message, Tool, Usage
from antiphon.runtime.metered_models import CHARS_PER_TOKEN, MeteredModel
from antiphon.runtime.metering import MeteredStt, MeteredTts
from antiphon.runtime.records.lines import NoteEntry, read_call
from antiphon.speech.ports import SttConfig, SttEvent, TtsAudio, TtsRequest

PROMPT_TOKENS = 120
AT_ONCE = 12


class Bill:
    """What the vendors want to be paid for: (role, unit) -> how much."""

    def __init__(self) -> None:
        self.items: Counter[tuple[str, str]] = Counter()
        self.cut = 0


class BilledModel:
    """Tells the price of the prompt first, as vendors do; a cut answer is charged for what came out."""

    def __init__(self, pace: Pace, bill: Bill) -> None:
        self._model, self._bill = ModelDouble(pace), bill

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        said = 0

        def count(text: str) -> None:
            nonlocal said
            said += len(text)
            emit(text)

        if meter is not None:
            meter(Usage(input_tokens=PROMPT_TOKENS))
        try:
            done = await self._model.complete(messages, tools, count)
        except asyncio.CancelledError:
            self._bill.cut += 1
            raise
        finally:
            self._bill.items["llm", "input_tokens"] += PROMPT_TOKENS
            self._bill.items["llm", "output_tokens"] += -(-said // CHARS_PER_TOKEN)
        usage = Usage(input_tokens=PROMPT_TOKENS, output_tokens=-(-said // CHARS_PER_TOKEN))
        return Completion(text=done.text, usage=usage)


class BilledVoice:
    def __init__(self, pace: Pace, bill: Bill) -> None:
        self._voice, self._bill = VoiceDouble(pace), bill

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        self._bill.items["tts", "characters"] += len(request.text)

        def count(audio: TtsAudio) -> None:
            self._bill.items["tts", "samples"] += len(audio.pcm) // 2
            emit(audio)

        await self._voice.synthesize(request, count)


class BilledHearing:
    def __init__(self, pace: Pace, bill: Bill) -> None:
        self._hearing, self._bill = HearingDouble(pace), bill

    def open(self, config: SttConfig, emit: Callable[[SttEvent], None]) -> _BilledStream:
        return _BilledStream(self._hearing.open(config, emit), self._bill)


class _BilledStream:
    def __init__(self, stream: HearingStream, bill: Bill) -> None:
        self._stream, self._bill = stream, bill
        self.speech_started, self.speech_stopped = stream.speech_started, stream.speech_stopped
        self.turn_committed, self.expect, self.aclose = stream.turn_committed, stream.expect, stream.aclose

    def push(self, pcm: bytes) -> None:
        self._bill.items["stt", "samples"] += len(pcm) // 2
        self._stream.push(pcm)


async def billed_calls(directory: Path, seed: int) -> Bill:
    """Callers who hear everything out, interrupt, or hang up at any moment."""
    rng, bill, pace = random.Random(seed), Bill(), Pace(llm_tps=50, llm_ttft_ms=120, tts_ttfb_ms=40)
    vendors = Vendors(
        stt=MeteredStt("double/stt", BilledHearing(pace, bill)),
        llm=MeteredModel("double/llm", BilledModel(pace, bill)),
        tts=MeteredTts("double/tts", BilledVoice(pace, bill)),
    )
    world = PhoneWorld(directory, vendors=vendors)
    ticking = asyncio.create_task(world.tick())
    patience_s = [rng.choice((3600.0, rng.uniform(0.2, 8.0))) for _ in range(AT_ONCE)]
    await asyncio.gather(*(world.call(patience_s=each) for each in patience_s))
    ticking.cancel()
    return bill


def told(directory: Path) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for trace in traces(directory):
        record = read_call(trace)
        assert record.complete
        for note in record.entries:
            if isinstance(note, NoteEntry) and note.type == "usage":
                for unit in ("input_tokens", "output_tokens", "characters", "audio_ms"):
                    found[note.fields["role"], unit] += note.fields.get(unit, 0)
    return +found


@pytest.mark.whole
def test_the_traces_of_calls_tell_what_the_vendors_counted(tmp_path: Path) -> None:
    cut = 0
    for seed in range(3):
        directory = tmp_path / str(seed)
        bill = live(billed_calls(directory, seed))
        cut += bill.cut
        counted = bill.items
        expected = Counter(
            {
                ("llm", "input_tokens"): counted["llm", "input_tokens"],
                ("llm", "output_tokens"): counted["llm", "output_tokens"],
                ("tts", "characters"): counted["tts", "characters"],
                ("tts", "audio_ms"): counted["tts", "samples"] // 8,
                ("stt", "audio_ms"): counted["stt", "samples"] // 8,
            }
        )
        assert told(directory) == +expected
    assert cut, "no answer was ever cut: the hardest case was not tried"
