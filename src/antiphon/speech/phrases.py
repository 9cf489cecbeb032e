"""Greetings and standard phrases, synthesised once: a cache of audio in memory and on disk, and a voice that
looks there first."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import structlog

from antiphon.speech.ports import TextToSpeech, TtsAudio, TtsRequest, WarmsVoices

log = structlog.get_logger(__name__)

_FORMAT: Final = b"antiphon-phrase-1\n"
_SUFFIX: Final = ".phrase"


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
    """Since the cache was opened. `broken` files were ignored and removed."""

    hits_in_memory: int = 0
    hits_on_disk: int = 0
    misses: int = 0
    broken: int = 0


class PhraseCache:
    """Audio by phrase. Both levels forget the least recently used first and never exceed their bound.

    Safe from several threads; several processes may share a folder (files appear by one rename). A folder
    that cannot be written makes it a cache in memory only: a full disk must not cost a greeting.

    Args:
        folder: Where phrases outlive the process; None keeps them in memory only.
    """

    def __init__(
        self, folder: Path | None = None, *, memory_max_bytes: int = 16 << 20, disk_max_bytes: int = 128 << 20
    ) -> None:
        self._folder = folder
        self._memory_max_bytes = memory_max_bytes
        self._disk_max_bytes = disk_max_bytes
        self._lock = threading.Lock()
        self._phrases: OrderedDict[PhraseKey, tuple[TtsAudio, ...]] = OrderedDict()
        self._memory_bytes = 0
        self._counts = {"hits_in_memory": 0, "hits_on_disk": 0, "misses": 0, "broken": 0}

    @property
    def counts(self) -> PhraseCounts:
        with self._lock:
            return PhraseCounts(**self._counts)

    @property
    def memory_bytes(self) -> int:
        return self._memory_bytes

    def in_memory(self, key: PhraseKey) -> tuple[TtsAudio, ...] | None:
        """The phrase if it costs nothing to have; never touches the disk. Counts only a hit."""
        with self._lock:
            audio = self._phrases.get(key)
            if audio is not None:
                self._phrases.move_to_end(key)
                self._counts["hits_in_memory"] += 1
            return audio

    def get(self, key: PhraseKey) -> tuple[TtsAudio, ...] | None:
        """The phrase from memory or disk. Blocks for a read of the disk."""
        audio = self.in_memory(key)
        if audio is None:
            audio = self._read(key)
            with self._lock:
                self._counts["misses" if audio is None else "hits_on_disk"] += 1
                if audio is not None:
                    self._keep(key, audio)
        return audio

    def put(self, key: PhraseKey, audio: tuple[TtsAudio, ...]) -> None:
        """Keep a phrase in memory and on disk. Blocks for a write of the disk."""
        with self._lock:
            self._keep(key, audio)
        if self._folder is not None:
            self._write(self._folder, key, audio)

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
        if self._folder is None:
            return None
        path = self._folder / (key.digest + _SUFFIX)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        audio = _decoded(data, key)
        try:
            if audio is None:
                path.unlink(missing_ok=True)
                with self._lock:
                    self._counts["broken"] += 1
            else:
                os.utime(path)  # The modification time is the time of last use.
        except OSError:
            pass  # A read-only folder still serves.
        return audio

    def _write(self, folder: Path, key: PhraseKey, audio: tuple[TtsAudio, ...]) -> None:
        data = _encoded(key, audio)
        if len(data) > self._disk_max_bytes:
            return
        path = folder / (key.digest + _SUFFIX)
        new = folder / f"{key.digest}.{os.getpid()}.{threading.get_ident()}.new"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            new.write_bytes(data)
            new.replace(path)
            self._make_room(folder)
        except OSError as error:
            log.warning("phrase_not_stored", folder=str(folder), reason=error.strerror)
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)

    def _make_room(self, folder: Path) -> None:
        entries = []
        for path in folder.glob("*" + _SUFFIX):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # Another process made room at the same time.
            entries.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries, key=lambda entry: entry[0]):
            if total <= self._disk_max_bytes:
                return
            path.unlink(missing_ok=True)
            total -= size


class CachingTts:
    """A voice that speaks short texts from the cache and puts there what it had to synthesise.

    Args:
        provider: The voice's name in keys ("local/piper-joe"), so that two providers never mix.
        text_max_chars: Longer texts are rarely said twice and go straight to the voice.
    """

    def __init__(
        self, tts: TextToSpeech, cache: PhraseCache, provider: str, *, text_max_chars: int = 200
    ) -> None:
        self._tts = tts
        self._cache = cache
        self._provider = provider
        self._text_max_chars = text_max_chars

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
        known = self._cache.in_memory(key) or await asyncio.to_thread(self._cache.get, key)
        if known is not None:
            for audio in known:
                emit(audio)
            return
        made: list[TtsAudio] = []

        def keep_and_emit(audio: TtsAudio) -> None:
            made.append(audio)
            emit(audio)

        await self._tts.synthesize(request, keep_and_emit)
        if made:
            await asyncio.to_thread(self._cache.put, key, tuple(made))


def _size_bytes(audio: tuple[TtsAudio, ...]) -> int:
    return sum(len(block.pcm) for block in audio)


def _encoded(key: PhraseKey, audio: tuple[TtsAudio, ...]) -> bytes:
    blocks = tuple(_Block(block.pcm, block.word_ends_ms) for block in audio)
    body = msgspec.msgpack.encode(_Stored(key, blocks))
    return _FORMAT + hashlib.sha256(body).digest() + body


def _decoded(data: bytes, key: PhraseKey) -> tuple[TtsAudio, ...] | None:
    """The blocks of a file, or None if it is damaged or holds another phrase."""
    digest, body = data[len(_FORMAT) : len(_FORMAT) + 32], data[len(_FORMAT) + 32 :]
    if not data.startswith(_FORMAT) or hashlib.sha256(body).digest() != digest:
        return None
    try:
        stored = msgspec.msgpack.decode(body, type=_Stored)
    except msgspec.MsgspecError:
        return None
    if stored.key != key:
        return None
    return tuple(TtsAudio(pcm=block.pcm, word_ends_ms=block.word_ends_ms) for block in stored.blocks)
