"""Greetings and standard phrases, synthesised once: a cache of audio in memory, and a voice that looks there
first. Words that are nobody's secret are also in a store that outlives the process."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import msgspec

from antiphon.errors import DeadlineExceeded
from antiphon.speech.ports import TextToSpeech, TtsAudio, TtsRequest, WarmsVoices
from antiphon.storage.disk import on_disk

Result = TypeVar("Result")

# A disk that hangs must not cost a greeting: by then the voice itself is asked.
STORE_DEADLINE_S: Final = 0.25


class PhraseStore(Protocol):
    """Bytes that outlive the process (`storage.blobs.BlobFolder`). Methods block and never raise.

    Attributes:
        broken: Damaged entries that were met and removed.
    """

    broken: int

    def get(self, name: str) -> bytes | None: ...

    def put(self, name: str, body: bytes) -> None: ...

    def discard(self, name: str) -> None:
        """This entry is damaged: remove and count it."""


class PhraseKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that changes how a phrase sounds."""

    provider: str
    voice: str
    language: str
    text: str
    sample_rate_hz: int
    speed: float
    ssml: str = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


class _Block(msgspec.Struct, frozen=True, array_like=True):
    pcm: bytes
    word_ends_ms: tuple[int, ...]


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    key: PhraseKey
    blocks: tuple[_Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseCounts:
    """Since the cache was opened. `broken` entries of the store were ignored and removed."""

    hits_in_memory: int = 0
    hits_on_disk: int = 0
    misses: int = 0
    broken: int = 0

    @property
    def hit_pct(self) -> int:
        """Of all phrases asked for; 0 when there was none."""
        hits = self.hits_in_memory + self.hits_on_disk
        return 100 * hits // max(1, hits + self.misses)


class PhraseCache:
    """Audio by phrase, the least recently used forgotten first. Safe from several threads.

    Args:
        store: Where phrases that may outlive the process are kept too; None keeps all in memory only.
    """

    def __init__(self, store: PhraseStore | None = None, *, memory_max_bytes: int = 16 << 20) -> None:
        self._store = store
        self._memory_max_bytes = memory_max_bytes
        self._lock = threading.Lock()
        self._phrases: OrderedDict[PhraseKey, tuple[TtsAudio, ...]] = OrderedDict()
        self._memory_bytes = 0
        self._counts = {"hits_in_memory": 0, "hits_on_disk": 0, "misses": 0}

    @property
    def counts(self) -> PhraseCounts:
        with self._lock:
            return PhraseCounts(**self._counts, broken=self._store.broken if self._store else 0)

    @property
    def memory_bytes(self) -> int:
        return self._memory_bytes

    def in_memory(self, key: PhraseKey) -> tuple[TtsAudio, ...] | None:
        """The phrase if it costs nothing to have; never touches the store. Counts only a hit."""
        with self._lock:
            audio = self._phrases.get(key)
            if audio is not None:
                self._phrases.move_to_end(key)
                self._counts["hits_in_memory"] += 1
            return audio

    def in_store(self, key: PhraseKey) -> tuple[TtsAudio, ...] | None:
        """The phrase from the store, in memory from now on; counts neither a hit nor a miss. Blocks."""
        audio = self._read(key)
        if audio is not None:
            with self._lock:
                self._keep(key, audio)
        return audio

    def get(self, key: PhraseKey) -> tuple[TtsAudio, ...] | None:
        """The phrase from wherever it is. Blocks for the store."""
        audio = self.in_memory(key)
        if audio is None:
            audio = self.in_store(key)
            self.count_store(hit=audio is not None)
        return audio

    def count_store(self, *, hit: bool) -> None:
        """What became of a phrase that was not in memory."""
        with self._lock:
            self._counts["hits_on_disk" if hit else "misses"] += 1

    def put(self, key: PhraseKey, audio: tuple[TtsAudio, ...]) -> None:
        """Keep a phrase in memory and in the store. Blocks."""
        self.keep(key, audio)
        self.store(key, audio)

    def keep(self, key: PhraseKey, audio: tuple[TtsAudio, ...]) -> None:
        """In memory only."""
        with self._lock:
            self._keep(key, audio)

    def store(self, key: PhraseKey, audio: tuple[TtsAudio, ...]) -> None:
        """In the store only. Blocks."""
        if self._store is not None:
            self._store.put(key.digest, _encoded(key, audio))

    def _keep(self, key: PhraseKey, audio: tuple[TtsAudio, ...]) -> None:
        size = _size_bytes(audio)
        if size > self._memory_max_bytes:
            return
        replaced = self._phrases.pop(key, None)
        self._memory_bytes += size - (_size_bytes(replaced) if replaced else 0)
        self._phrases[key] = audio
        while self._memory_bytes > self._memory_max_bytes:
            _, forgotten = self._phrases.popitem(last=False)
            self._memory_bytes -= _size_bytes(forgotten)

    def _read(self, key: PhraseKey) -> tuple[TtsAudio, ...] | None:
        body = self._store.get(key.digest) if self._store is not None else None
        if self._store is None or body is None:
            return None
        audio = _decoded(body, key)
        if audio is None:
            self._store.discard(key.digest)
        return audio


class CachingTts:
    """A voice that speaks short texts from the cache and puts there what it had to synthesise.

    Args:
        provider: The voice's name in keys ("local/piper-joe"), so that two providers never mix.
        text_max_chars: Longer texts are rarely said twice and go straight to the voice.
        lasting: Which texts may outlive the process: those that hold nothing of any caller.
        spared: Told the characters of every phrase the voice was not asked for.
    """

    def __init__(
        self,
        tts: TextToSpeech,
        cache: PhraseCache,
        provider: str,
        *,
        text_max_chars: int = 200,
        lasting: Callable[[str], bool] = lambda text: True,
        spared: Callable[[int], None] = lambda characters: None,
    ) -> None:
        self._tts = tts
        self._cache = cache
        self._provider = provider
        self._text_max_chars = text_max_chars
        self._lasting = lasting
        self._spared = spared

    async def warm(self, request: TtsRequest) -> None:
        if isinstance(self._tts, WarmsVoices):
            await self._tts.warm(request)

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        """As the voice itself would; a phrase that was cut by cancellation or failure is not kept.

        Raises:
            ProviderUnavailable: The voice failed, and the phrase was not in the cache.
        """
        if len(request.text) > self._text_max_chars:
            await self._tts.synthesize(request, emit)
            return
        key = PhraseKey(
            provider=self._provider, voice=request.voice, language=request.language, text=request.text,
            sample_rate_hz=request.sample_rate_hz, speed=request.speed, ssml=request.ssml,
        )  # fmt: skip
        lasting = self._lasting(request.text)
        known = await self._known(key, lasting)
        if known is not None:
            self._spared(len(request.text))
            for audio in known:
                emit(audio)
            return
        made: list[TtsAudio] = []

        def keep_and_emit(audio: TtsAudio) -> None:
            made.append(audio)
            emit(audio)

        await self._tts.synthesize(request, keep_and_emit)
        if made:
            self._cache.keep(key, tuple(made))
            if lasting:
                await _in_time(lambda: self._cache.store(key, tuple(made)))

    async def _known(self, key: PhraseKey, lasting: bool) -> tuple[TtsAudio, ...] | None:
        known = self._cache.in_memory(key)
        if known is None:
            known = await _in_time(lambda: self._cache.in_store(key)) if lasting else None
            self._cache.count_store(hit=known is not None)
        return known


async def _in_time(work: Callable[[], Result]) -> Result | None:
    """Blocking work in a thread, as long as anybody can wait for it; it goes on alone after that."""
    try:
        async with asyncio.timeout(STORE_DEADLINE_S):
            return await on_disk(work)
    except (TimeoutError, DeadlineExceeded):
        return None


def _size_bytes(audio: tuple[TtsAudio, ...]) -> int:
    return sum(len(block.pcm) for block in audio)


def _encoded(key: PhraseKey, audio: tuple[TtsAudio, ...]) -> bytes:
    blocks = tuple(_Block(block.pcm, block.word_ends_ms) for block in audio)
    return msgspec.msgpack.encode(_Stored(key, blocks))


def _decoded(body: bytes, key: PhraseKey) -> tuple[TtsAudio, ...] | None:
    """The blocks of an entry, or None if it holds something else."""
    try:
        stored = msgspec.msgpack.decode(body, type=_Stored)
    except msgspec.MsgspecError:
        return None
    if stored.key != key:
        return None
    return tuple(TtsAudio(pcm=block.pcm, word_ends_ms=block.word_ends_ms) for block in stored.blocks)
