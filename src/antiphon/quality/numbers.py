"""Numbers in one form: every way to write or say a number becomes its digits, one token each.

Digits stand alone so that one wrong digit in a phone number is one error, not the loss of the whole number.
The price: "twelve" and "one two" are the same. Both sides of a comparison pay it alike.
"""

from __future__ import annotations

from collections.abc import Sequence

_ENGLISH_UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_ENGLISH_TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_ENGLISH_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]

CARDINALS: dict[str, int] = {
    **{word: value for value, word in enumerate(_ENGLISH_UNITS)},
    **{word: value + 10 for value, word in enumerate(_ENGLISH_TEENS)},
    **{word: 10 * value + 20 for value, word in enumerate(_ENGLISH_TENS)},
}
SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
ORDINALS: dict[str, int] = {
    **dict(
        zip(
            ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"],
            range(1, 10),
            strict=True,
        )
    ),
    **{
        word: value + 10
        for value, word in enumerate(
            [
                "tenth",
                "eleventh",
                "twelfth",
                "thirteenth",
                "fourteenth",
                "fifteenth",
                "sixteenth",
                "seventeenth",
                "eighteenth",
                "nineteenth",
            ]
        )
    },
    "twentieth": 20,
    "thirtieth": 30,
}
# Digits as they are read out one by one; enough for phone numbers and codes in the other languages we test.
FOREIGN_DIGITS: dict[str, Sequence[str]] = {
    "es": ["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez"],
    "fr": ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix"],
    "it": ["zero", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove", "dieci"],
    "de": ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn"],
}
_MONTHS = frozenset(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ]
)


def spell_numbers_as_digits(words: Sequence[str], language: str) -> list[str]:
    """`words` (lower case, no punctuation) with each number replaced by its digits, one token a digit.

    Ordinals stay one token ("fourth" and "4th" become "4th"), as does a day after its month.
    """
    if language != "en":
        names = {word: str(value) for value, word in enumerate(FOREIGN_DIGITS.get(language, ()))}
        return [digit for word in words for digit in _digits_of(names.get(word, word))]
    spoken: list[str] = []
    at = 0
    while at < len(words):
        token, at = _read_number(words, at)
        after_month = bool(spoken) and spoken[-1] in _MONTHS
        if after_month and token.isdecimal() and 1 <= int(token) <= 31 and not _goes_on(words, at):
            token += "th"
        spoken.extend(_digits_of(token))
    return spoken


def _goes_on(words: Sequence[str], at: int) -> bool:
    """Is there another number right behind, so that the one before was not a day ("may five five one")?"""
    return at < len(words) and len(words[at]) < 4 and (words[at].isdecimal() or words[at] in CARDINALS)


def _digits_of(token: str) -> list[str]:
    return list(token) if token.isdecimal() else [token]


def _read_number(words: Sequence[str], at: int) -> tuple[str, int]:
    """The token at `at`, a number in digits if one begins there, and the position behind it."""
    word = words[at]
    following = words[at + 1] if at + 1 < len(words) else ""
    if word in ("oh", "o") and (_is_digit(following) or (at > 0 and _is_digit(words[at - 1]))):
        return "0", at + 1
    if word in ("double", "triple") and _is_digit(following):
        return str(_value(following)) * (2 if word == "double" else 3), at + 2
    if word in ("a", "an") and following in SCALES:
        return _read_cardinal(words, at + 1, 1)
    ordinal = _ordinal(word)
    if ordinal is not None:
        return f"{ordinal}th", at + 1
    if word.isdecimal() and following not in SCALES:
        return word, at + 1  # Kept as written: leading zeros matter.
    if word.isdecimal() or word in CARDINALS:
        return _read_cardinal(words, at, None)
    return word, at + 1


def _is_digit(word: str) -> bool:
    return (word.isdecimal() and len(word) == 1) or CARDINALS.get(word, 10) < 10


def _value(word: str) -> int:
    return int(word) if word.isdecimal() else CARDINALS[word]


def _ordinal(word: str) -> int | None:
    if len(word) > 2 and word[-2:] in ("st", "nd", "rd", "th") and word[:-2].isdecimal():
        return int(word[:-2])
    return ORDINALS.get(word)


def _read_cardinal(words: Sequence[str], at: int, start: int | None) -> tuple[str, int]:
    """Reads "three thousand six hundred and forty two"; stops where the words no longer make one number."""
    total, group = 0, start if start is not None else _value(words[at])
    at += 0 if start is not None else 1
    while at < len(words):
        word = words[at]
        skip = 1
        if (
            word == "and"
            and at + 1 < len(words)
            and words[at + 1] in CARDINALS
            and (group % 100 == 0 or not group)
        ):
            word, skip = words[at + 1], 2
        if word == "hundred" and 0 < group < 100:
            group *= 100
        elif word in ("thousand", "million") and group:
            total, group = total + group * SCALES[word], 0
        elif word in CARDINALS and _fits_below(CARDINALS[word], group, total):
            group += CARDINALS[word]
        elif _completes_as_ordinal(word, group):
            return f"{total + group + ORDINALS[word]}th", at + skip
        else:
            break
        at += skip
    return str(total + group), at


def _fits_below(value: int, group: int, total: int) -> bool:
    """May `value` follow in the same number: after a bare thousand, a hundred, or a ten and a unit?"""
    if value == 0:
        return False
    if group == 0:
        return total > 0
    return group % 100 == 0 or (group % 100 >= 20 and group % 10 == 0 and value < 10)


def _completes_as_ordinal(word: str, group: int) -> bool:
    return word in ORDINALS and ORDINALS[word] < 10 and group % 100 >= 20 and group % 10 == 0
