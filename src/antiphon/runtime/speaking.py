"""From reply chunks to samples on the line: synthesis in order, held back until playout may start.

One task per reply synthesizes its chunks one after the other, so the next clause is ready while the last one
plays. A speculative reply gets its first chunk only: enough to start at once, little to throw away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from antiphon.audio import tones
from antiphon.conversation.events import ChunkCut, ChunkSynthesized, Event, SynthesisFailed
from antiphon.conversation.markup import without_markup
from antiphon.errors import ProviderError
from antiphon.runtime.ending import Ending, cancelled_from_outside
from antiphon.runtime.media.ports import Line
from antiphon.runtime.metering import Meter, Payer, paid_by
from antiphon.runtime.patience import WaitingAtMost
from antiphon.speech.ports import LearnsInCalls, TextToSpeech, TtsAudio, TtsRequest, WarmsVoices
from antiphon.speech.ssml import Utterance
from antiphon.speech.word_times import ends_as_written

_log = structlog.get_logger(__name__)

# A clause takes well under a second here and on any vendor that can be used live.
CHUNK_WAIT_S = 8.0  # Longer than what it gives lasts, no voice may take for a chunk.
# Sounds by their names in `conversation.commands.Synthesize`: from a sample rate to mono s16le.
SOUNDS: Mapping[str, Callable[[int], bytes]] = {
    "thinking": tones.thinking,
    "still_thinking": tones.still_thinking,
    "hold": tones.hold,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One way to speak; `name` is the provider's name in the trace."""

    name: str
    tts: TextToSpeech
    voice: str
    language: str = "en-US"
    speed: float = 1.0

    def for_call(self) -> Voice:
        return replace(self, tts=self.tts.for_call()) if isinstance(self.tts, LearnsInCalls) else self


class Speaker:
    """Everything one call says. Voices are tried in order for each chunk."""

    def __init__(
        self,
        line: Line,
        voices: Sequence[Voice],
        shape: Callable[[str], Utterance],
        post: Callable[[Event], None],
        note: Callable[..., None],
        *,
        meter: Meter | None = None,
    ) -> None:
        self.line = line
        self.voices = voices
        self.shape = shape
        self.post = post
        self.note = note
        self.meter = meter
        self._replies: dict[str, _SpokenReply] = {}
        self._ending = Ending()

    async def warm(self) -> None:
        """There will be something to say soon."""
        for voice in self.voices[:1]:
            if isinstance(voice.tts, WarmsVoices):
                await voice.tts.warm(self.asked(Utterance(text=""), voice))

    def asked(self, spoken: Utterance, voice: Voice, *, spare_ms: int = 0) -> TtsRequest:
        return TtsRequest(
            text=spoken.text,
            ssml=spoken.ssml,
            voice=voice.voice,
            sample_rate_hz=self.line.sample_rate_hz,
            language=voice.language,
            speed=voice.speed,
            spare_ms=spare_ms,
        )

    def add(self, reply_id: str, index: int, text: str, sound: str = "") -> None:
        """Have a chunk spoken; with a `sound`, that instead."""
        reply = self._replies.get(reply_id)
        if reply is None:
            reply = self._replies[reply_id] = _SpokenReply(self, reply_id)
        reply.add(index, text, sound)

    def take_over(self, reply_id: str, *, done: int) -> None:
        """Somebody else began this reply, which is audible, with so many chunks of sound."""
        reply = self._replies[reply_id] = _SpokenReply(self, reply_id)
        reply.done = done
        reply.start()

    def start(self, reply_id: str) -> None:
        """Let the caller hear it: what is ready goes out now, the rest as it comes."""
        reply = self._replies.get(reply_id)
        if reply is not None:
            reply.start()

    def finish(self, reply_id: str, chunks: int) -> None:
        reply = self._replies.get(reply_id)
        if reply is not None:
            reply.finish(chunks)

    @property
    def audible(self) -> list[str]:
        """Replies that were let out and not dropped yet."""
        return [reply_id for reply_id, reply in self._replies.items() if reply.audible]

    def drop(self, reply_id: str) -> ChunkCut | None:
        """Stop synthesizing; what was made is thrown away. Gives what there is of a chunk that may have been
        heard in part."""
        reply = self._replies.pop(reply_id, None)
        if reply is None:
            return None
        self._ending.add(reply.cancel())
        return reply.cut()

    def close(self) -> list[asyncio.Task[None]]:
        """Gives the work that was stopped, now or before, and has not ended."""
        for reply in self._replies.values():
            self._ending.add(reply.cancel())
        self._replies.clear()
        return self._ending.tasks()


class _SpokenReply:
    """Audio of one reply in the making."""

    def __init__(self, speaker: Speaker, reply_id: str) -> None:
        self._speaker = speaker
        self._id = reply_id
        self._rate_hz, self._play = speaker.line.sample_rate_hz, speaker.line.play
        self._waiting: list[tuple[int, str, str]] = []
        self._ready: list[bytes] = []
        self._making: tuple[int, _ChunkAudio] | None = None
        self.audible = False
        # Since the line had nothing of this left to play, and what it was given from then on.
        self._since_ms = self._given_bytes = 0
        self._last_chunk: int | None = None
        self.done = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = asyncio.get_running_loop().create_task(
            self._run(), name=f"speak {reply_id}"
        )
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Unless we did it ourselves somebody has stopped it: nobody must wait for what will not be said."""
        if self._task is not task:
            return
        self._task = None
        owed = ([self._making[0]] if self._making else []) + [index for index, _, _ in self._waiting]
        self._waiting.clear()
        for index in owed:
            self._gave_up(index, "CancelledError")

    def add(self, index: int, text: str, sound: str) -> None:
        self._waiting.append((index, text, sound))
        self._wake.set()

    def start(self) -> None:
        self.audible = True
        ready, self._ready = self._ready, []
        for pcm in ready:
            self.hear(pcm)
        self._wake.set()

    def finish(self, chunks: int) -> None:
        self._last_chunk = chunks
        self._finish_if_done()

    def cancel(self) -> asyncio.Task[None] | None:
        task, self._task = self._task, None  # A cancelled task holds its frames: we would hold each other.
        if task is not None:
            task.cancel()
        return task

    def cut(self) -> ChunkCut | None:
        if not self.audible or self._making is None:
            return None
        index, audio = self._making
        return audio.cut(index) if audio.samples else None

    async def _run(self) -> None:
        while True:
            while not self._waiting or (self.done >= 1 and not self.audible):
                self._wake.clear()
                await self._wake.wait()
            index, text, sound = self._waiting.pop(0)
            if sound:
                self._sound(index, sound)
            else:
                with paid_by(Payer(meter=self._speaker.meter, reply=self._id)):
                    await self._make(index, text)
            self.done += 1
            self._finish_if_done()

    def _finish_if_done(self) -> None:
        if self.audible and self._last_chunk is not None and self.done >= self._last_chunk:
            self._speaker.line.finish(self._id)

    def _sound(self, index: int, name: str) -> None:
        audio = _ChunkAudio(self, self._speaker.line.now_ms, "", "")
        audio.take(TtsAudio(pcm=SOUNDS[name](self._speaker.line.sample_rate_hz)))
        self._speaker.post(audio.synthesized(index))

    async def _make(self, index: int, text: str) -> None:
        try:
            await self._synthesize(index, text)
        except Exception as error:  # The owner of a job: one broken chunk is a failed one, not a dumb call.
            _log.error("chunk_broke", reply=self._id, error=type(error).__name__, exc_info=True)
            self._gave_up(index, f"{type(error).__name__}: {error}")

    def _gave_up(self, index: int, reason: str) -> None:
        self._making = None
        at_ms = self._speaker.line.now_ms
        self._speaker.post(SynthesisFailed(at_ms=at_ms, reply_id=self._id, index=index, reason=reason))

    async def _synthesize(self, index: int, text: str) -> None:
        speaker = self._speaker
        begun_ms = speaker.line.now_ms
        spoken, written = speaker.shape(text), without_markup(text)
        reason = "no voice is configured"
        for voice in speaker.voices:
            audio = _ChunkAudio(self, begun_ms, written, spoken.text)
            self._making = (index, audio)
            request = speaker.asked(spoken, voice, spare_ms=self._spare_ms())
            try:
                async with WaitingAtMost(CHUNK_WAIT_S, audio.given_s):
                    await voice.tts.synthesize(request, audio.take)
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and cancelled_from_outside():
                    raise
                reason = _in_words(error)
                _log.warning("voice_fell_back", vendor=voice.name, after_ms=speaker.line.now_ms - begun_ms)
                speaker.note("voice_failed", provider=voice.name, reason=reason)
                if not audio.samples:
                    continue
                # The caller has half of it: nobody can begin it anew, and it is not whole.
                self._making = None
                speaker.post(audio.broke_off(index, reason))
                return
            if not audio.samples:
                reason = f"{voice.name} gave no audio"
                continue
            self._making = None
            speaker.post(audio.synthesized(index))
            return
        self._gave_up(index, reason)

    def hear(self, pcm: bytes) -> None:
        if not self.audible:
            self._ready.append(pcm)
            return
        if not self._given_bytes:
            self._since_ms = self._speaker.line.now_ms
        self._given_bytes += len(pcm)  # Pieces are small and come in bursts: the rest is reckoned when asked.
        self._play(self._id, pcm)

    def _spare_ms(self) -> int:
        """How long the line has something to play for, as far as was given."""
        given_ms = self._given_bytes // 2 * 1000 // self._rate_hz
        spare_ms = self._since_ms + given_ms - self._speaker.line.now_ms
        if spare_ms <= 0:
            self._given_bytes = 0
        return max(0, spare_ms)


def _in_words(error: BaseException) -> str:
    if isinstance(error, ProviderError | TimeoutError):
        return str(error) or "deadline exceeded"
    _log.error("voice_broke", error=type(error).__name__, exc_info=True)  # As no voice should.
    return type(error).__name__  # Some SDKs put the key into their words.


class _ChunkAudio:
    """Counts one chunk's samples and dates its first."""

    def __init__(self, reply: _SpokenReply, begun_ms: int, written: str, spoken: str) -> None:
        self._reply = reply
        self._line = reply._speaker.line
        self._begun_ms = begun_ms
        self._written, self._spoken = written, spoken
        self.samples = 0
        self._ttfb_ms = 0
        self._word_ends_ms: tuple[int, ...] = ()

    def take(self, audio: TtsAudio) -> None:
        if audio.word_ends_ms:
            self._word_ends_ms = audio.word_ends_ms
        if pcm := audio.pcm:
            if not self.samples:
                self._ttfb_ms = self._line.now_ms - self._begun_ms
            self.samples += len(pcm) // 2
            self._reply.hear(pcm)

    def given_s(self) -> float:
        return self.samples / self._line.sample_rate_hz

    def synthesized(self, index: int) -> ChunkSynthesized:
        return ChunkSynthesized(
            at_ms=self._line.now_ms,
            reply_id=self._reply._id,
            index=index,
            duration_ms=self._audio_ms,
            ttfb_ms=self._ttfb_ms,
            word_ends_ms=ends_as_written(self._written, self._spoken, self._word_ends_ms),
        )

    def cut(self, index: int) -> ChunkCut:
        """What there is of it; words are timed as far as the voice has told."""
        return ChunkCut(
            at_ms=self._line.now_ms,
            reply_id=self._reply._id,
            index=index,
            audio_ms=self._audio_ms,
            word_ends_ms=ends_as_written(self._written, self._spoken, self._word_ends_ms),
        )

    def broke_off(self, index: int, reason: str) -> SynthesisFailed:
        """There will be no more of it."""
        cut = self.cut(index)
        return SynthesisFailed(
            at_ms=cut.at_ms,
            reply_id=cut.reply_id,
            index=index,
            reason=reason,
            audio_ms=cut.audio_ms,
            word_ends_ms=cut.word_ends_ms,
        )

    @property
    def _audio_ms(self) -> int:
        return self.samples * 1000 // self._line.sample_rate_hz
