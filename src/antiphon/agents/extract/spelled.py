"""Words spelled letter by letter: "G R A Y", "G as in George", "double T", "K-O-W-A-L-S-K-I"."""

from __future__ import annotations

from antiphon.agents.extract.values import Found
from antiphon.agents.extract.words import Words, gap_at, norm_at, phrase_at, phrases, split_words, word_set

# Letters as a recogniser writes their names; believed only between real letters.
_LETTER_NAMES = {
    "ay": "A", "eh": "A", "bee": "B", "be": "B", "see": "C", "sea": "C", "dee": "D", "ee": "E", "ef": "F",
    "gee": "G", "aitch": "H", "eye": "I", "jay": "J", "kay": "K", "okay": "K", "el": "L", "ell": "L",
    "em": "M", "en": "N", "oh": "O", "pea": "P", "pee": "P", "cue": "Q", "queue": "Q", "are": "R",
    "ar": "R", "ess": "S", "tea": "T", "tee": "T", "you": "U", "vee": "V", "ex": "X", "why": "Y",
    "zee": "Z", "zed": "Z",
}  # fmt: skip
_RADIO = {
    word: word[0].upper()
    for word in word_set(
        "alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november "
        "oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu"
    )
}
_AS_IN = phrases("as in|like in|like|for|as")
_REPEATS = {"double": 2, "triple": 3}
_PAUSES = word_set("uh um er then and")

_Item = tuple[str, int, bool]  # (letters, index after them, unmistakably spelled)


def find_spelled(text: str) -> list[Found[str]]:
    """Spelled words in capitals. Three letters are needed, or two with a sign of spelling ("A as in Adam").

    A word in capitals ("GRY") stays a word. The confidence is lower where letters were guessed from words
    that sound like them.
    """
    words = split_words(text)
    spelled: list[Found[str]] = []
    i = 0
    while i < len(words):
        letters, after, sure, guessed = _run(words, i)
        if len(letters) >= 3 or (len(letters) >= 2 and sure) or (letters and sure and after - i >= 4):
            start, end = words[i].start, words[after - 1].end
            confidence = 0.7 if guessed else 1.0
            value = Found(value=letters, start=start, end=end, text=text[start:end], confidence=confidence)
            spelled.append(value)
            i = after
        else:
            i += 1
    return spelled


def _run(words: Words, first: int) -> tuple[str, int, bool, bool]:
    """Letters from word `first` on: (letters, index after, some were unmistakable, some were guessed)."""
    letters, after, sure, guessed = "", first, False, False
    i = first
    while i < len(words):
        if letters and any(mark in gap_at(words, i) for mark in ";:!?"):
            break
        item = _letter(words, i) or _radio(words, i)
        if item is None and letters:
            item = _guess(words, i, len(letters))
            guessed = guessed or item is not None
        if item is None:
            if letters and norm_at(words, i) in _PAUSES and _letter(words, i + 1):
                i += 1
                continue
            break
        letters, i, sure = letters + item[0], item[1], sure or item[2]
        after = i
    return letters, after, sure, guessed


def _letter(words: Words, i: int) -> _Item | None:
    word = norm_at(words, i)
    if word in _REPEATS:
        if norm_at(words, i + 1) == "you" or (norm_at(words, i + 1) == "u" and word == "double"):
            return "W", i + 2, True
        inner = _letter(words, i + 1) if norm_at(words, i + 1) not in _REPEATS else None
        return (inner[0] * _REPEATS[word], inner[1], True) if inner and len(inner[0]) == 1 else None
    if word in {"am", "pm"} and "." in words[i].raw and _is_beside_letter(words, i):
        return word.upper(), i + 1, False  # "A. M. Y." is no morning.
    if len(word) != 1 or not word.isalpha() or not word.isascii():
        return None
    length = phrase_at(words, i + 1, _AS_IN)
    example = norm_at(words, i + 1 + length) if length else ""
    if length and len(example) > 1 and example[0] == word:
        return word.upper(), i + 2 + length, True
    hyphen = gap_at(words, i) == "-" or gap_at(words, i + 1) == "-"
    return word.upper(), i + 1, hyphen


def _is_beside_letter(words: Words, i: int) -> bool:
    return any(len(norm_at(words, k)) == 1 and norm_at(words, k).isalpha() for k in (i - 1, i + 1))


def _radio(words: Words, i: int) -> _Item | None:
    """Radio alphabet, three words in a row at least, or beside letters already spelled."""
    word = norm_at(words, i)
    if word not in _RADIO:
        return None
    first = i
    while norm_at(words, first - 1) in _RADIO:
        first -= 1
    last = i
    while norm_at(words, last + 1) in _RADIO:
        last += 1
    return (_RADIO[word], i + 1, True) if last - first >= 2 else None


def _guess(words: Words, i: int, so_far: int) -> _Item | None:
    """A word that sounds like a letter, or a clump of capitals ("K O WAL S K I"), inside a spelling."""
    word = words[i]
    letter_next = _letter(words, i + 1) is not None
    if word.norm in _LETTER_NAMES and so_far >= 2 and (letter_next or i + 1 == len(words)):
        return _LETTER_NAMES[word.norm], i + 1, False
    if word.raw.isupper() and word.raw.isascii() and 2 <= len(word.raw) <= 4 and (so_far >= 2 or letter_next):
        return word.raw, i + 1, False
    return None
