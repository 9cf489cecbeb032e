"""From played samples to the words the caller heard.

Where the voice gives word times they are used; otherwise the words of a chunk share its duration in
proportion to their length in characters, which is within a word of the truth for clauses of a few seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

from antiphon.conversation.state import Chunk

# A word counts as heard when this much of its end may be missing: the last phoneme is often inaudible anyway.
TOLERANCE_MS = 80
# Typical English speech, for a chunk whose audio is not complete yet.
MS_PER_CHARACTER = 65


def heard_text(chunks: Sequence[Chunk], heard_ms: int) -> str:
    """The words whose audio was played when the cursor stands at `heard_ms` of the reply."""
    heard: list[str] = []
    start_ms = 0
    for chunk in chunks:
        if chunk.failed:
            continue
        duration_ms = _duration_ms(chunk)
        if heard_ms >= start_ms + duration_ms - TOLERANCE_MS:
            heard.append(chunk.text)
        else:
            heard.append(_first_words(chunk, duration_ms, heard_ms - start_ms))
            break
        start_ms += duration_ms
    return " ".join(part for part in heard if part)


def audio_ms(chunks: Sequence[Chunk]) -> int:
    """Length of the reply's audio as far as known."""
    return sum(_duration_ms(chunk) for chunk in chunks if not chunk.failed)


def _duration_ms(chunk: Chunk) -> int:
    if chunk.duration_ms is not None:
        return chunk.duration_ms
    return len(chunk.text) * MS_PER_CHARACTER


def _first_words(chunk: Chunk, duration_ms: int, heard_ms: int) -> str:
    words = chunk.text.split()
    if heard_ms <= 0 or not words:
        return ""
    ends_ms = chunk.word_ends_ms
    if len(ends_ms) != len(words):
        ends_ms = _proportional_ends(words, duration_ms)
    count = sum(1 for end_ms in ends_ms if end_ms - TOLERANCE_MS <= heard_ms)
    return " ".join(words[:count])


def _proportional_ends(words: Sequence[str], duration_ms: int) -> tuple[int, ...]:
    total = sum(len(word) + 1 for word in words)
    ends: list[int] = []
    so_far = 0
    for word in words:
        so_far += len(word) + 1
        ends.append(duration_ms * so_far // total)
    return tuple(ends)
