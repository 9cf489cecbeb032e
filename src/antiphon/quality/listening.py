"""A recording heard as a live call hears it: in blocks, through voice activity and the streaming recogniser.

Faster than real time: audio waits for the final at each end of speech, as a caller's pause would let it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.resample import resample
from antiphon.runtime.media.settings import SpeechGate
from antiphon.speech.ports import SpeechToText, SttConfig, SttEvent, Transcript, TurnEvent, VoiceActivity

PHONE_RATE_HZ = 8000
_BLOCK_MS = 100
_TAIL_MS = 1500  # The line stays open after a recording; room tone, here digital silence.
_FINAL_WAIT_S = 60.0


@dataclass(slots=True)
class Heard:
    """What came of one recording.

    Attributes:
        text: The latest words of each segment, in order.
        transcripts: All of them as they came.
        finals_took_ms: From end of speech to final, one a pause.
        utterances: How often voice activity began.
    """

    text: str = ""
    transcripts: list[Transcript] = field(default_factory=list)
    finals_took_ms: list[int] = field(default_factory=list)
    utterances: int = 0


def through_phone(samples: NDArray[np.int16], rate_hz: int) -> tuple[NDArray[np.int16], int]:
    """The recording as a phone line carries it: 8 kHz mu-law."""
    narrow = resample(samples, rate_hz, PHONE_RATE_HZ)
    return g711.decode(g711.encode(narrow)), PHONE_RATE_HZ


async def listen(
    stt: SpeechToText,
    vad: VoiceActivity,
    samples: NDArray[np.int16],
    *,
    language: str = "en",
    expect: Sequence[str] = (),
    commit_after_ms: int = 700,
    gate: SpeechGate | None = None,
) -> Heard:
    """Hear one recording at `vad.sample_rate_hz`; a turn ends after `commit_after_ms` of silence."""
    rate_hz = vad.sample_rate_hz
    heard, final_came = Heard(), asyncio.Event()

    def emit(transcript: SttEvent) -> None:
        if isinstance(transcript, TurnEvent):
            return  # Our own voice activity cuts the recording.
        heard.transcripts.append(transcript)
        if transcript.final:
            heard.finals_took_ms.append(transcript.took_ms)
            final_came.set()

    stream = stt.open(SttConfig(sample_rate_hz=rate_hz, language=language), emit)
    stream.expect(expect)
    silence = np.zeros(rate_hz * _TAIL_MS // 1000, np.int16)
    events = _speech_events(vad, np.concatenate([samples, silence]), gate or SpeechGate())
    stopped_at_ms: int | None = None
    try:
        for at_ms, pcm, event in events:
            stream.push(pcm)
            await asyncio.sleep(0)
            if event is True:
                heard.utterances += 1
                stopped_at_ms = None
                stream.speech_started()
            elif event is False:
                stopped_at_ms = at_ms
                final_came.clear()
                stream.speech_stopped()
                await asyncio.wait_for(final_came.wait(), _FINAL_WAIT_S)
            if stopped_at_ms is not None and at_ms - stopped_at_ms >= commit_after_ms:
                stopped_at_ms = None
                stream.turn_committed()
    finally:
        await stream.aclose()
    latest = {transcript.segment: transcript.text for transcript in heard.transcripts}
    heard.text = " ".join(text for _, text in sorted(latest.items()) if text)
    return heard


def _speech_events(
    vad: VoiceActivity, samples: NDArray[np.int16], gate: SpeechGate
) -> list[tuple[int, bytes, bool | None]]:
    """(time, audio since the last entry, True for an onset, False for an end, None for neither)."""
    events: list[tuple[int, bytes, bool | None]] = []
    given, speaking, run = 0, False, 0
    ms = vad.sample_rate_hz // 1000
    for end, probability in _probabilities(vad, samples):
        wanted = probability < gate.release_probability if speaking else probability >= gate.onset_probability
        run = run + 1 if wanted else 0
        turned = run >= (gate.hangover_windows if speaking else gate.onset_windows)
        if turned:
            speaking, run = not speaking, 0
        if turned or end - given >= _BLOCK_MS * ms:
            events.append((end // ms, samples[given:end].tobytes(), speaking if turned else None))
            given = end
    if speaking:
        events.append((len(samples) // ms, samples[given:].tobytes(), False))
    return events


def _probabilities(vad: VoiceActivity, samples: NDArray[np.int16]) -> list[tuple[int, float]]:
    """(end of window in samples, speech probability) of each window, from a fresh row."""
    row = np.zeros(1, np.intp)
    vad.reset(row)
    context = vad.window_samples // 8
    padded = np.concatenate([np.zeros(context, np.float32), samples.astype(np.float32) / np.float32(32768)])
    ends = range(vad.window_samples, len(samples) + 1, vad.window_samples)
    return [
        (end, float(vad.probabilities(row, padded[None, end - vad.window_samples : end + context])[0]))
        for end in ends
    ]
