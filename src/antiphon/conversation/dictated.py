"""How many digits a dictated number has: digit by digit, in numerals, or in pairs as "zéro six, douze,
trente-quatre". Rather too few than too many: who is waited for too long is not cut off."""

from __future__ import annotations

from collections.abc import Sequence

from antiphon.conversation.cues import Cues

_PAIR = 2
_HOUR_MAX = 4  # "At ten thirty."
_BREAK = ""


def is_number(word: str, cues: Cues) -> bool:
    """A digit, some in a row, or a number below a hundred."""
    return is_digit(word, cues) or _is_pair(word.split("-"), cues)


def is_digit(word: str, cues: Cues) -> bool:
    return word in cues.digits or _has_digits(word)


def _has_digits(word: str) -> bool:
    return not word.isalpha() and any(map(str.isdigit, word))


def is_begun(spoken: Sequence[str], cues: Cues) -> bool:
    """Does it end in what may be the beginning of a long number? A pair alone, or an hour, is none."""
    if not spoken or not is_number(spoken[-1], cues):
        return False
    at = len(spoken)
    while at and (is_number(spoken[at - 1], cues) or spoken[at - 1] == cues.joins):
        at -= 1
    if all(is_digit(word, cues) for word in spoken[at:]):
        return True
    count = digits(spoken[at:], cues)
    return count > _HOUR_MAX or (count > _PAIR and not (at and spoken[at - 1] in cues.hours))


def digits(spoken: Sequence[str], cues: Cues) -> int:
    """Of all numbers in it together, "double five" counted as two."""
    repeats, count, times, at = dict(cues.repeats), 0, 1, 0
    parts = _apart(spoken, cues)
    while at < len(parts):
        word = parts[at]
        if _has_digits(word):
            count += times * sum(map(str.isdigit, word))
        elif word in cues.pairs:
            count += times * _PAIR
        elif word in cues.digits:
            count += times
        if word != _BREAK:
            times = repeats.get(word, 1)
        at = _end_of_number(parts, at, cues) if word in cues.pairs else at + 1
    return count


def _apart(spoken: Sequence[str], cues: Cues) -> list[str]:
    """ "trente-quatre" is two words, "quatre-vingts" and "quatre vingts" are one. Hyphens that are written
    say what belongs together, if it makes a number: "quatre vingt-dix" and "quatre-vingt dix" lack one."""
    parts: list[str] = []
    before = ""
    for word in spoken:
        apart = word.split("-")
        if len(apart) == 1 or not _is_pair(apart, cues):
            parts.append(word)
        else:
            begins = [] if _goes_on(before, apart, cues) else [_BREAK]
            ends = [] if word in cues.pairs else [_BREAK]  # "quatre-vingt" without its "s" goes on.
            parts += [*begins, *apart, *ends]
        before = word
    joined: list[str] = []
    for part in parts:
        second = part.removesuffix("s")
        if second in cues.pairs and joined and (whole := f"{joined[-1]}-{second}") in cues.pairs:
            joined[-1] = whole
        else:
            joined.append(part)
    return joined


def _goes_on(before: str, apart: Sequence[str], cues: Cues) -> bool:
    """It belongs to the word before it: "vingt-dix-sept" to "quatre", "dix-sept" to "quatre-vingt"."""
    if apart[0] in cues.pairs.get(before, ()):
        return "-" in before
    takes = cues.pairs.get(apart[0], frozenset())
    return f"{before}-{apart[0]}" in cues.pairs and apart[1] not in {*takes, cues.joins}


def _is_pair(apart: Sequence[str], cues: Cues) -> bool:
    """All of it number, and more than one digit."""
    if not cues.pairs or (len(apart) == 1 and apart[0] not in cues.pairs):
        return False
    return all(
        part.removesuffix("s") in cues.pairs or part in cues.digits or part == cues.joins for part in apart
    )


def _end_of_number(parts: Sequence[str], at: int, cues: Cues) -> int:
    """Where the number that begins there ends: "vingt et un" goes on twice, "vingt, douze" are two."""
    while True:
        takes = cues.pairs.get(parts[at], frozenset())
        following = at + 1
        if cues.joins and following < len(parts) and parts[following] == cues.joins:
            following += 1
        if following >= len(parts) or parts[following] not in takes:
            return at + 1
        at = following
