"""The phrase cache: it gives back what was put there, keeps its bounds, and never trusts a damaged file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from antiphon.errors import ProviderUnavailable
from antiphon.speech import phrases
from antiphon.speech.phrases import CachingTts, PhraseCache, PhraseCounts, PhraseKey
from antiphon.speech.ports import TtsAudio, TtsRequest
from antiphon.storage.blobs import BlobFolder

KEY = PhraseKey(
    provider="local/piper-joe", voice="joe", language="en-US", text="Hello.", sample_rate_hz=8000, speed=1.0
)
HELLO = (
    TtsAudio(pcm=b"\x01\x00" * 400, word_ends_ms=(40,)),
    TtsAudio(pcm=b"\x02\x00" * 80, word_ends_ms=(40, 60)),
)


def kept_in(folder: Path, max_bytes: int = 1 << 20) -> PhraseCache:
    return PhraseCache(BlobFolder(folder, max_bytes=max_bytes))


def other(text: str) -> PhraseKey:
    return msgspec.structs.replace(KEY, text=text)


def silence(size_bytes: int) -> tuple[TtsAudio, ...]:
    return (TtsAudio(pcm=bytes(size_bytes)),)


class SpyVoice:
    """A voice that says one block a word, and can be told to fail or to hang in the middle."""

    def __init__(self) -> None:
        self.requests: list[TtsRequest] = []
        self.fail = False
        self.hang = asyncio.Event()
        self.hang.set()

    async def synthesize(self, request: TtsRequest, emit: Callable[[TtsAudio], None]) -> None:
        self.requests.append(request)
        for word in request.text.split():
            emit(TtsAudio(pcm=word.encode().ljust(20, b"\0")))
            await self.hang.wait()
            if self.fail:
                raise ProviderUnavailable("spy", "failed in the middle")


def request_for(text: str, **changes: object) -> TtsRequest:
    values: dict[str, object] = {"text": text, "voice": "joe", "sample_rate_hz": 8000} | changes
    return TtsRequest(**values)  # type: ignore[arg-type]


async def spoken(tts: CachingTts, request: TtsRequest) -> list[TtsAudio]:
    said: list[TtsAudio] = []
    await tts.synthesize(request, said.append)
    return said


def test_a_phrase_outlives_the_process(tmp_path: Path) -> None:
    kept_in(tmp_path).put(KEY, HELLO)
    cache = kept_in(tmp_path)
    assert cache.get(KEY) == HELLO
    assert cache.get(KEY) == HELLO
    assert cache.counts == PhraseCounts(hits_in_memory=1, hits_on_disk=1)


@pytest.mark.parametrize(
    "change",
    [
        {"provider": "x"},
        {"voice": "x"},
        {"language": "x"},
        {"ssml": "<emphasis>x</emphasis>"},
        {"text": "x"},
        {"sample_rate_hz": 16000},
        {"speed": 1.1},
    ],
)
def test_whatever_changes_the_sound_is_another_phrase(tmp_path: Path, change: dict[str, object]) -> None:
    cache = kept_in(tmp_path)
    cache.put(KEY, HELLO)
    assert cache.get(msgspec.structs.replace(KEY, **change)) is None
    assert cache.counts == PhraseCounts(misses=1)


def test_memory_forgets_the_least_recently_used_and_keeps_its_bound() -> None:
    cache = PhraseCache(None, memory_max_bytes=1000)
    for name in ("a", "b", "c"):
        cache.put(other(name), silence(400))
        cache.get(other("a"))
        assert cache.memory_bytes <= 1000
    assert cache.get(other("a")) is not None
    assert cache.get(other("b")) is None
    assert cache.get(other("c")) is not None


def test_a_phrase_put_twice_counts_once_and_one_too_large_is_not_kept() -> None:
    cache = PhraseCache(None, memory_max_bytes=1000)
    cache.put(KEY, silence(400))
    cache.put(KEY, silence(600))
    assert cache.memory_bytes == 600
    cache.put(other("large"), silence(1001))
    assert cache.get(other("large")) is None
    assert cache.get(KEY) == silence(600)


def test_the_folder_keeps_its_bound_and_the_newest_phrase(tmp_path: Path) -> None:
    cache = kept_in(tmp_path, 3000)
    for at in range(10):
        cache.put(other(f"phrase {at}"), silence(900))
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3000
    assert kept_in(tmp_path).get(other("phrase 9")) is not None
    assert kept_in(tmp_path).get(other("phrase 0")) is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_file_is_ignored_and_written_anew(tmp_path: Path, damage: str) -> None:
    kept_in(tmp_path).put(KEY, HELLO)
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()
    flipped = data[:200] + bytes([data[200] ^ 1]) + data[201:]
    path.write_bytes({"cut": data[:-9], "flipped": flipped, "empty": b"", "foreign": b"RIFF" * 30}[damage])
    cache = kept_in(tmp_path)
    assert cache.get(KEY) is None
    assert cache.counts == PhraseCounts(misses=1, broken=1)
    cache.put(KEY, HELLO)
    assert kept_in(tmp_path).get(KEY) == HELLO


def test_a_file_under_another_phrases_name_is_not_that_phrase(tmp_path: Path) -> None:
    kept_in(tmp_path).put(KEY, HELLO)
    (path,) = tmp_path.iterdir()
    path.rename(tmp_path / (other("Goodbye.").digest + path.suffix))
    assert kept_in(tmp_path).get(other("Goodbye.")) is None


def test_a_folder_that_cannot_be_written_leaves_the_cache_in_memory(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    cache = kept_in(blocked / "phrases")
    cache.put(KEY, HELLO)
    assert cache.get(KEY) == HELLO


async def test_the_voice_is_asked_once_for_a_phrase(tmp_path: Path) -> None:
    voice = SpyVoice()
    first = CachingTts(voice, kept_in(tmp_path), "spy")
    said = await spoken(first, request_for("one moment please"))
    assert len(said) == 3
    assert await spoken(first, request_for("one moment please")) == said
    assert await spoken(CachingTts(voice, kept_in(tmp_path), "spy"), request_for("one moment please")) == said
    assert len(voice.requests) == 1


async def test_long_texts_go_straight_to_the_voice() -> None:
    voice, cache = SpyVoice(), PhraseCache(None)
    tts = CachingTts(voice, cache, "spy", text_max_chars=10)
    await spoken(tts, request_for("a very long text indeed"))
    await spoken(tts, request_for("a very long text indeed"))
    assert len(voice.requests) == 2
    assert cache.counts == PhraseCounts()


async def test_a_phrase_that_failed_in_the_middle_is_not_kept() -> None:
    voice, cache = SpyVoice(), PhraseCache(None)
    tts = CachingTts(voice, cache, "spy")
    voice.fail = True
    with pytest.raises(ProviderUnavailable):
        await spoken(tts, request_for("one moment"))
    voice.fail = False
    assert len(await spoken(tts, request_for("one moment"))) == 2
    assert len(voice.requests) == 2


async def test_a_phrase_that_was_cancelled_is_not_kept() -> None:
    voice, cache = SpyVoice(), PhraseCache(None)
    tts = CachingTts(voice, cache, "spy")
    voice.hang.clear()
    started: asyncio.Future[TtsAudio] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(tts.synthesize(request_for("one"), started.set_result))
    await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cache.memory_bytes == 0


async def test_a_text_without_sound_is_not_kept() -> None:
    voice, cache = SpyVoice(), PhraseCache(None)
    tts = CachingTts(voice, cache, "spy")
    assert await spoken(tts, request_for(" ")) == []
    assert cache.memory_bytes == 0


async def test_only_words_that_are_nobodys_secret_reach_the_disk(tmp_path: Path) -> None:
    voice = SpyVoice()
    tts = CachingTts(voice, kept_in(tmp_path), "spy", lasting={"One moment."}.__contains__)
    await spoken(tts, request_for("Thank you Ana Lopez."))
    await spoken(tts, request_for("Thank you Ana Lopez."))
    assert len(voice.requests) == 1  # It is remembered,
    assert list(tmp_path.iterdir()) == []  # but not for ever.
    await spoken(tts, request_for("One moment."))
    (file,) = tmp_path.iterdir()
    assert b"One moment." in file.read_bytes()


async def test_what_the_voice_was_spared_is_told_and_counted(tmp_path: Path) -> None:
    cache, spared = kept_in(tmp_path), list[int]()
    tts = CachingTts(SpyVoice(), cache, "spy", spared=spared.append)
    for _ in range(4):
        await spoken(tts, request_for("One moment."))
    assert spared == [11, 11, 11]
    assert cache.counts == PhraseCounts(hits_in_memory=3, misses=1)
    assert cache.counts.hit_pct == 75


async def test_a_disk_that_hangs_does_not_cost_a_greeting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store answers only when the test is over; the voice is asked long before."""
    monkeypatch.setattr(phrases, "STORE_DEADLINE_S", 0.01)
    let_go = threading.Event()

    class Hanging:
        broken = 0

        def get(self, name: str) -> bytes | None:
            let_go.wait(30)
            return None

        def put(self, name: str, body: bytes) -> None:
            let_go.wait(30)

        def discard(self, name: str) -> None: ...

    voice = SpyVoice()
    tts = CachingTts(voice, PhraseCache(Hanging()), "spy")
    try:
        assert len(await spoken(tts, request_for("one moment"))) == 2
        assert len(await spoken(tts, request_for("one moment"))) == 2
        assert len(voice.requests) == 1
    finally:
        let_go.set()
