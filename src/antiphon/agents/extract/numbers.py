"""Number words as people say and recognisers write them: "twenty-one", "21", "19 85", "oh five"."""

from __future__ import annotations

from antiphon.agents.extract.words import Words, gap_at, norm_at, split_words

DIGIT_WORDS = {
    "zero": 0, "oh": 0, "o": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9,
}  # fmt: skip
TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
ORDINAL_UNITS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "forth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9,
}  # fmt: skip
ORDINALS = ORDINAL_UNITS | {
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15,
    "sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip
# What a recogniser writes when a digit is said alone. Only a digit's neighbourhood makes these numbers.
HOMOPHONES = {"for": 4, "fore": 4, "to": 2, "too": 2, "ate": 8, "won": 1, "tree": 3, "sex": 6, "nein": 9}

Number = tuple[int, int]  # (value, index after it)


def small_number(words: Words, i: int) -> Number | None:
    """0 to 99 as a cardinal: "7", "07", "seven", "seventeen", "twenty one", "twenty-one", "oh five"."""
    word = norm_at(words, i)
    if not word:
        return None
    if words[i].is_digits:
        return (int(word), i + 1) if len(word) <= 2 else None
    if word in TENS:
        unit = DIGIT_WORDS.get(norm_at(words, i + 1), 0)
        joined = unit and gap_at(words, i + 1).strip() in {"", "-"}
        return (TENS[word] + unit, i + 2) if joined else (TENS[word], i + 1)
    if word in TEENS:
        return TEENS[word], i + 1
    if word in {"oh", "o", "zero"} and DIGIT_WORDS.get(norm_at(words, i + 1)):
        return DIGIT_WORDS[words[i + 1].norm], i + 2
    if word in DIGIT_WORDS:
        return DIGIT_WORDS[word], i + 1
    return None


def ordinal(words: Words, i: int) -> Number | None:
    """ "5th", "fifth", "twenty first", "21st", "twenty 1st"."""
    word = norm_at(words, i)
    if word[:1].isdigit() and word[-1:].isalpha():
        digits = word[:-2]
        return (int(digits), i + 1) if digits.isdecimal() and len(digits) <= 3 else None
    if word in TENS:
        following = norm_at(words, i + 1)
        unit = ORDINAL_UNITS.get(following)
        if unit is None and len(following) == 3 and following[0].isdecimal() and following[1:].isalpha():
            unit = int(following[0])
        return (TENS[word] + unit, i + 2) if unit else None
    if word in ORDINALS:
        return ORDINALS[word], i + 1
    return None


def day_number(words: Words, i: int) -> Number | None:
    """A day of the month as an ordinal or a cardinal."""
    number = ordinal(words, i) or small_number(words, i)
    return number if number and 1 <= number[0] <= 31 else None


def full_year(words: Words, i: int) -> Number | None:
    """A year with its century: "1985", "19 85", "nineteen eighty five", "two thousand and five"."""
    word = norm_at(words, i)
    if word.isascii() and word.isdigit() and len(word) == 4:
        if word == "2000":
            return _after_two_thousand(words, i + 1)
        return (int(word), i + 1) if 1880 <= int(word) <= 2199 else None
    if word == "two" and norm_at(words, i + 1) == "thousand":
        return _after_two_thousand(words, i + 2)
    century = {"nineteen": 19, "19": 19, "twenty": 20, "20": 20, "eighteen": 18, "18": 18}.get(word)
    if century is None or gap_at(words, i + 1).strip() not in {"", "-", ","}:
        return None
    if norm_at(words, i + 1) == "hundred":
        skip = i + 3 if norm_at(words, i + 2) == "and" else i + 2
        rest = small_number(words, skip)
        return (century * 100 + rest[0], rest[1]) if rest else (century * 100, i + 2)
    rest = small_number(words, i + 1)
    if rest is None or (rest[0] < 10 and rest[1] == i + 2 and len(words[i + 1].norm) != 2):
        return None  # "twenty five" is a number; "twenty oh five" and "20 05" are years.
    if words[i + 1].is_digits and len(words[i + 1].norm) != 2:
        return None
    return century * 100 + rest[0], rest[1]


def _after_two_thousand(words: Words, i: int) -> Number:
    skip = i + 1 if norm_at(words, i) == "and" else i
    rest = small_number(words, skip)
    spoken = rest is not None and not words[skip].is_digits
    if rest and (spoken or skip > i) and rest[0] > 0:
        return 2000 + rest[0], rest[1]
    return 2000, i


def short_year(words: Words, i: int) -> Number | None:
    """Two digits of a year: "85", "'85", "eighty five", "oh five"; the value is 0 to 99."""
    word = norm_at(words, i)
    if word.isascii() and word.isdigit():
        return (int(word), i + 1) if len(word) == 2 else None
    number = small_number(words, i)
    if number is None or (number[0] < 10 and number[1] == i + 1):
        return None
    return number


def cardinal(words: Words, i: int) -> Number | None:
    """Any whole number below a million: "a hundred and five", "two thousand", "twelve"."""
    if norm_at(words, i) == "a" and norm_at(words, i + 1) in {"hundred", "thousand"}:
        total, j = 1, i + 1
    elif words and i < len(words) and words[i].is_digits:
        total, j = int(words[i].norm[:9]), i + 1
    else:
        start = small_number(words, i)
        if start is None:
            return None
        total, j = start
    if norm_at(words, j) == "hundred":
        total, j = _add_rest(words, j + 1, total * 100)
    if norm_at(words, j) == "thousand":
        total, j = _add_rest(words, j + 1, total * 1000)
        if norm_at(words, j) == "hundred":
            hundreds = total % 1000
            total, j = _add_rest(words, j + 1, total - hundreds + hundreds * 100)
    return total, j


def _add_rest(words: Words, i: int, total: int) -> Number:
    skip = i + 1 if norm_at(words, i) == "and" else i
    rest = small_number(words, skip)
    if rest is None or norm_at(words, skip) in {"oh", "o", "zero"} or words[skip].is_digits:
        return total, i
    return total + rest[0], rest[1]


def words_to_digits(text: str) -> str:
    """The text with every number phrase written in numerals: "twenty one" is "21", "third" is "3rd".

    Digits said one by one stay apart ("five five" is "5 5"), so nothing is read into them.
    """
    words = split_words(text)
    pieces: list[str] = []
    i, copied_to = 0, 0
    while i < len(words):
        spoken = ordinal(words, i)
        number = None if spoken else cardinal(words, i)
        match = spoken or number
        if match is None or words[i].norm == "o" or words[i].norm[0].isdigit():
            i += 1
            continue
        pieces.append(text[copied_to : words[i].start])
        pieces.append(f"{match[0]}{_suffix(match[0])}" if spoken else str(match[0]))
        copied_to, i = words[match[1] - 1].end, match[1]
    pieces.append(text[copied_to:])
    return "".join(pieces)


def _suffix(number: int) -> str:
    if 10 <= number % 100 <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
