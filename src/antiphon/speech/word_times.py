"""A voice times the words it speaks; the conversation counts those written. From one to the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

_MARKS = re.compile(r"[^\w']+")


def ends_as_written(written: str, spoken: str, ends_ms: Sequence[int]) -> tuple[int, ...]:
    """When each word of `written` ends, given the ends of the words of its shaped form `spoken`.

    "at 9:30" is spoken "at nine thirty": the written word ends with the last spoken one it became. Where only
    the first words are timed yet, the first written ones are. More times than spoken words fit none: ().
    """
    as_written, as_spoken = written.split(), spoken.split()
    if len(ends_ms) > len(as_spoken):
        return ()
    if len(as_written) == len(as_spoken):
        return tuple(ends_ms)
    last_spoken = _last_spoken(_plain(as_written), _plain(as_spoken))
    return tuple(ends_ms[index] for index in last_spoken if index < len(ends_ms))


def _last_spoken(written: Sequence[str], spoken: Sequence[str]) -> list[int]:
    """For each written word the index of the last spoken one it became; never falling."""
    last: list[int] = []
    for tag, first, end, start, stop in SequenceMatcher(None, written, spoken, autojunk=False).get_opcodes():
        if tag == "insert" and last:
            last[-1] = stop - 1  # Said in addition: it belongs to the word before.
        # Several words that became several others share them in order.
        last += [
            max(0, start + (stop - start) * (index - first + 1) // (end - first) - 1)
            for index in range(first, end)
        ]
    return last


def _plain(words: Sequence[str]) -> list[str]:
    return [_MARKS.sub("", word.lower()) for word in words]
