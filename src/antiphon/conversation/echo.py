"""Is what the recogniser understood only our own voice, come back through a speakerphone?

Words are compared without spaces, so that "in surance" is "insurance", in order, and with recognition errors
allowed. Pure functions of strings; what "our words" are at a moment is for `floor.py` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from antiphon.conversation.numerals import READINGS, UNITS, Reading, one_by_one
from antiphon.conversation.words import words

# Share of characters that may be misheard. Unrelated English differs in 0.73 (median; 1 pair in 100 in 0.5).
ERRORS_MAX = 0.34
LONG_CHARACTERS = 16
LONG_ERRORS_MAX = 0.42
# In a short text chance is stronger ("nine" is in "feminine"): whole words, and one slip at most.
SHORT_CHARACTERS = 8
SLIP_CHARACTERS_MIN = 6
# What is taken off before a caller's own words must be ours for certain: he would be answered by halves.
LEADING_WORDS_MIN = 3
LEADING_CHARACTERS_MIN = 10
LEADING_ERRORS_MAX = 0.15
# Characters of ours that make up for one misheard, where the end may be the caller's.
CERTAIN_PER_ERROR = 3
# The last words of a long echo are somebody else's if by themselves they are as far from ours as any.
ENDING_CHARACTERS_MIN = 28
ENDING_ERRORS_MAX = 0.6
# What is compared of a long speech of ours, and the last of what came back of it: so few that a caller who
# speaks into it is noticed within a sentence.
CHARACTERS_MAX = 240
CHARACTERS_HEARD_MAX = 100
_LONG_FORMS = {
    "dr": "doctor", "mr": "mister", "mrs": "missus", "st": "street", "ok": "okay",
    # Two other digits have half their letters in common, two other numbers would be taken for one.
    "o": "0000", "zero": "0000", **{unit: str(digit) * 4 for digit, unit in enumerate(UNITS[:10])},
}  # fmt: skip
# One digit is read in one way, and so is a code of letters and digits.
_READ_IN_WAYS = re.compile(r"(?<![^\W_])\d\d")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_ORDINAL = re.compile(r"(\d*)\d(st|nd|rd)")
_ORDINALS = {"st": "first", "nd": "second", "rd": "third"}
_NUMBER = re.compile(r"(\d+)(th|am|pm|)")


def without(text: str, ours: str, *, in_parts: bool = False) -> str:
    """`text` without the part of it that echoes `ours`: all of it, its beginning, or nothing.

    `in_parts`: it was spoken with pauses, so its end may be somebody else's than its beginning.
    """
    # A number is read in several ways, and nothing tells in which this one was.
    ways = READINGS if _READ_IN_WAYS.search(text) or _READ_IN_WAYS.search(ours) else READINGS[:1]
    return min((_without(text, ours, way, in_parts=in_parts) for way in ways), key=len)


def _without(text: str, ours: str, read: Reading, *, in_parts: bool) -> str:
    heard = _as_said(text, read)
    judged = _long_ago(heard) if len(ours) > CHARACTERS_MAX else 0
    said = _as_said(ours[-CHARACTERS_MAX:], read)
    find = echoed_in_parts if in_parts else echoed
    count = find(heard[judged:], said)
    if not count:
        return text
    count += judged
    # Cut in the text as it was written: the caller's own words keep their case and punctuation.
    pieces = text.split()
    while pieces and (count > 0 or not words(pieces[0])):
        count -= len(_as_said(pieces[0], read))
        pieces.pop(0)
    return " ".join(pieces)


def _long_ago(heard: Sequence[str]) -> int:
    """How many of the first words were said before the last of ours, and judged when they were the last."""
    left = CHARACTERS_HEARD_MAX
    for later, word in enumerate(reversed(heard)):
        left -= len(word)
        if left < 0:
            return len(heard) - later
    return 0


def _as_said(text: str, read: Reading) -> list[str]:
    """Words as they sound: recognisers write "9:30" and "Dr." for our "nine thirty" and "doctor"."""
    said: list[str] = []
    for word in words(_THOUSANDS.sub("", text)):
        parts = word.split("-")
        way = read if len(parts) == 1 else one_by_one
        for part in parts:
            if not part[:1].isdigit():
                said.append(_plainly(part))
            elif (ordinal := _ORDINAL.fullmatch(part)) is not None:
                tens, ending = ordinal.groups()
                said += [*(way(f"{tens}0") if tens else []), _ORDINALS[ending]]
            elif (number := _NUMBER.fullmatch(part)) is not None:
                said += [*map(_plainly, way(number[1])), *filter(None, [number[2]])]
            else:
                said.append(_plainly(part))
    return said


def _plainly(word: str) -> str:
    return _LONG_FORMS.get(word, word)


def echoed(heard: Sequence[str], said: Sequence[str]) -> int:
    """How many of the first words of `heard` are an echo of `said`."""
    if _echoes(heard, said):
        return len(heard)
    count = 0
    for length in range(LEADING_WORDS_MIN, len(heard)):
        first = "".join(heard[:length])
        if len(first) < LEADING_CHARACTERS_MIN:
            continue
        if distance(first, "".join(said)) > LEADING_ERRORS_MAX * len(first):
            break
        count = length
    return _trimmed(heard, count, "".join(said))


def echoed_in_parts(heard: Sequence[str], said: Sequence[str]) -> int:
    """As `echoed`, but what follows the certain part must be an echo by itself: a long echo allows more
    errors than "no, stop" has characters."""
    count = _certain(heard, "".join(said))
    if count:
        ours = count == len(heard) or _echoes(heard[count:], said)
    else:  # What is too short for that.
        whole = "".join(heard)
        ours = len(whole) < LEADING_CHARACTERS_MIN and _whole_words(whole, said)
    if ours:
        return len(heard)
    return count if count >= LEADING_WORDS_MIN else 0


def _certain(heard: Sequence[str], said: str) -> int:
    """How many of the first words are ours without doubt: each that is, outweighs the errors before it."""
    count = best = 0
    for length in range(1, len(heard) + 1):
        first = "".join(heard[:length])
        if len(first) < LEADING_CHARACTERS_MIN:
            continue
        errors = distance(first, said)
        if errors > LEADING_ERRORS_MAX * len(first):
            break
        if len(first) - CERTAIN_PER_ERROR * errors > best:
            count, best = length, len(first) - CERTAIN_PER_ERROR * errors
    return count


def _trimmed(heard: Sequence[str], count: int, said: str) -> int:
    """The caller's first words ride on the errors allowed to ours: leave him those that add only errors."""
    least = distance("".join(heard[:count]), said)
    while count >= LEADING_WORDS_MIN:
        shorter = distance("".join(heard[: count - 1]), said)
        if least - shorter < (len(heard[count - 1]) + 1) // 2:
            return count
        count, least = count - 1, shorter
    return 0


def _echoes(heard: Sequence[str], said: Sequence[str]) -> bool:
    whole, ours = "".join(heard), "".join(said)
    if len(whole) < SHORT_CHARACTERS:
        return _whole_words(whole, said)
    share = LONG_ERRORS_MAX if len(whole) >= LONG_CHARACTERS else ERRORS_MAX
    errors = distance(whole, ours)
    if errors > share * len(whole):
        return False
    # With fewer errors in all, its end cannot have so many.
    return errors <= ENDING_ERRORS_MAX * ENDING_CHARACTERS_MIN or not _ends_otherwise(heard, ours)


def _ends_otherwise(heard: Sequence[str], said: str) -> bool:
    """The caller spoke into the echo, and a long one forgives more errors than he has said characters."""
    ending = ""
    for word in reversed(heard):
        ending = word + ending
        if len(ending) >= ENDING_CHARACTERS_MIN:
            break
    return distance(ending, said) > ENDING_ERRORS_MAX * len(ending)


def _whole_words(heard: str, said: Sequence[str]) -> bool:
    return any(_nearly(heard, run) for run in _runs(said, len(heard) + 1))


def _runs(said: Sequence[str], length_max: int) -> Iterator[str]:
    """Neighbouring words written as one, up to a length."""
    for first in range(len(said)):
        run = ""
        for word in said[first:]:
            run += word
            if len(run) > length_max:
                break
            yield run


def _nearly(heard: str, run: str) -> bool:
    if len(heard) < SLIP_CHARACTERS_MIN or abs(len(heard) - len(run)) > 1:
        return heard == run
    return distance(heard, run) <= 1


def distance(pattern: str, text: str) -> int:
    """Fewest single-character edits that make `pattern` a substring of `text`.

    Bit-parallel (Myers, "A fast bit-vector algorithm for approximate string matching", JACM 46, 1999): one
    pass over `text` with integers of len(pattern) bits, about 1 µs a character.
    """
    if not pattern:
        return 0
    places: dict[str, int] = {}
    for index, character in enumerate(pattern):
        places[character] = places.get(character, 0) | 1 << index
    full = (1 << len(pattern)) - 1
    last = 1 << (len(pattern) - 1)
    rises, falls = full, 0
    score = best = len(pattern)
    for character in text:
        equal = places.get(character, 0)
        across = (((equal & rises) + rises) ^ rises) | equal | falls
        up = falls | (full & ~(across | rises))
        down = rises & across
        if up & last:
            score += 1
        elif down & last:
            score -= 1
        best = min(best, score)
        up <<= 1
        down <<= 1
        rises = full & (down | ~(equal | falls | up))
        falls = up & (equal | falls) & full
    return best
