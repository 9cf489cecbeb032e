"""The phrase cache over whole clinic calls: what it spares a voice in a first process, and in the next."""

from __future__ import annotations

from pathlib import Path

from tests.doubles.phrase_calls import CALLERS, process

VOICE = "elevenlabs/JBFqnCBsd6RMkjVDRZzb"
NAMES = ("Maria", "Lopez", "Smith")


def test_a_second_process_asks_the_voice_only_for_words_of_its_own_callers(tmp_path: Path) -> None:
    folder = tmp_path / "phrases"
    first = process(tmp_path / "first", folder, VOICE, callers=CALLERS[1:3])
    second = process(tmp_path / "second", folder, VOICE, callers=CALLERS[1:3])
    # The greeting and what all callers are asked is known before the first of them rings, or from the last.
    assert first.spared > 100
    assert second.counts.hit_pct >= first.counts.hit_pct + 10
    assert second.counts.hits_on_disk > 0 == first.counts.hits_on_disk
    assert second.counts.misses < first.counts.misses
    assert second.characters < first.characters
    assert second.characters + second.spared == first.characters + first.spared, "the same was said"
    assert (second.files, second.disk_bytes) == (first.files, first.disk_bytes), "nothing new is kept"
    kept = b"".join(path.read_bytes() for path in folder.iterdir())
    assert not [name for name in NAMES if name.encode() in kept], "a caller's words are on the disk"
