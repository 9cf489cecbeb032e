"""Self-correction and negation: "Tuesday, no, Wednesday", "not Dr. Patel", "actually make it Friday"."""

from __future__ import annotations

from collections.abc import Sequence

from antiphon.agents.extract.values import Correction, Found, T
from antiphon.agents.extract.words import (
    Words,
    gap_at,
    norm_at,
    phrase_at,
    phrases,
    says,
    split_words,
    word_set,
)

# Between two values of one kind these say that the first no longer holds.
_RETRACTIONS = phrases(
    "no|nope|sorry|i'm sorry|i mean|i meant|actually|wait|make that|make it|scratch that|correction",
    "or rather|excuse me|oops|change that|change it to|i said|on second thought|my mistake|let's say",
    "strike that",
)
_CUES = phrases(
    "no i said|no i meant|no i mean|no it's|no that's|no|nope|i said|i meant|i mean|sorry",
    "actually make it|actually make that|actually|make that|make it|wait|scratch that|correction",
    "or rather|change that to|change it to|on second thought|instead|strike that|my mistake",
)
_NEGATIONS = phrases(
    "not|isn't|wasn't|except|instead of|rather than|can't|cannot|can not|couldn't|don't want|do not want",
    "avoid|anything but|any day but|anyone but|anybody but|other than|don't like|don't have|do not have",
    "won't|don't need",
)
_NOT_NEGATING = {"why", "if", "or", "whether", "only"}  # "why not Tuesday", "or not"
_LIGHT = word_set(
    "on the at for with dr doctor a an to do make it is be see this next in use take come want my that"
)
_REFUSED_AFTER = phrases(
    "doesn't work|does not work|don't work|won't work|will not work|is no good|isn't good|is not good",
    "is bad|isn't possible|is not possible|doesn't suit|is out|is impossible|won't do|is wrong",
    "isn't right|is not right|isn't going to work|is not going to work|is too early|is too late",
    "is too soon|is too far",
)


def is_negated(words: Words, first: int, after: int) -> bool:
    """Whether words[first:after] is denied by what stands just before or just after it."""
    if phrase_at(words, after, _REFUSED_AFTER):
        return True
    i = first
    while i > 0 and first - i <= 4:
        if any(mark in gap_at(words, i) for mark in ".?!,;"):
            return False
        for begin in range(max(0, i - 4), i):
            denials = _NEGATIONS.get(norm_at(words, begin), ())
            if any(begin + len(each) == i and says(words, begin, each) for each in denials):
                return norm_at(words, begin - 1) not in _NOT_NEGATING
        if norm_at(words, i - 1) not in _LIGHT:
            return False
        i -= 1
    return False


def settle(text: str, words: Words, values: Sequence[Found[T]]) -> list[Found[T]]:
    """Values of one kind in spoken order, without those denied or taken back later in the text."""
    kept: list[Found[T]] = []
    for value in sorted(values, key=lambda each: each.start):
        first, after = _word_range(words, value)
        if is_negated(words, first, after):
            continue
        if kept and _is_retraction(words, _word_range(words, kept[-1])[1], first):
            kept.pop()
        kept.append(value)
    return kept


def _word_range(words: Words, value: Found[T]) -> tuple[int, int]:
    first = next((i for i, word in enumerate(words) if word.end > value.start), len(words))
    after = next((i for i, word in enumerate(words) if word.start >= value.end), len(words))
    return first, after


def _is_retraction(words: Words, begin: int, end: int) -> bool:
    if not 0 < end - begin <= 9:
        return False
    return any(0 < phrase_at(words, i, _RETRACTIONS) <= end - i for i in range(begin, end))


def find_corrections(text: str) -> list[Found[Correction]]:
    """What the caller takes back and the words that hold instead.

    "no, I said Thursday" gives corrected "Thursday"; "not Tuesday, Wednesday" also says what is denied;
    "Tuesday, I mean Wednesday" denies the words before the cue.
    """
    words = split_words(text)
    corrections: list[Found[Correction]] = []
    i = 0
    while i < len(words):
        length = phrase_at(words, i, _CUES)
        if length and not _is_plain_no(words, i, length):
            after = i + length
            corrections.append(_correction(text, words, i, after, _before(text, words, i, corrections)))
            i = after
        elif words[i].norm == "not" and norm_at(words, i - 1) not in _NOT_NEGATING and i + 1 < len(words):
            stop = _clause_end(words, i + 1)
            if stop < len(words):
                negated = text[words[i + 1].start : words[stop - 1].end]
                corrections.append(_correction(text, words, i, stop, negated))
            i = stop
        else:
            i += 1
    return corrections


def _is_plain_no(words: Words, i: int, length: int) -> bool:
    """ "no insurance" and "no thanks" deny nothing that was said."""
    if length > 1 or words[i].norm not in {"no", "nope"}:
        return False
    following = norm_at(words, i + 1)
    return not following or following in {
        "thanks",
        "thank",
        "problem",
        "insurance",
        "one",
        "worries",
        "longer",
    }


def _clause_end(words: Words, i: int) -> int:
    """Index after the negated part: the next comma, stop or "but", else the end."""
    for j in range(i + 1, len(words)):
        if words[j].norm in {"but", "it's"} or any(mark in words[j].gap for mark in ",.;!?"):
            return j
    return len(words)


def _before(text: str, words: Words, i: int, earlier: Sequence[Found[Correction]]) -> str:
    """The words between the last correction (or the beginning) and the cue."""
    begin = earlier[-1].end if earlier else 0
    return text[begin : words[i].start].strip(" ,.;-!?")


def _correction(text: str, words: Words, first: int, after: int, negated: str) -> Found[Correction]:
    while norm_at(words, after) in {"but", "and"}:
        after += 1
    begin = words[after].start if after < len(words) else len(text)
    value = Correction(negated=negated, corrected=text[begin:].strip(" ,.;!?"), corrected_start=begin)
    start, end = words[first].start, words[min(after, len(words)) - 1].end
    return Found(value=value, start=start, end=end, text=text[start:end])
