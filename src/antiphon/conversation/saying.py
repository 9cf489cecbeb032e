"""How long a text is to say, counted in characters, from how it is written: what no voice says takes no time,
and an address is read sign by sign."""

from __future__ import annotations

import re

# "7" takes as long to say as "seven".
CHARACTERS_PER_DIGIT = 4
_DIGIT = re.compile(r"\d")
# Pictographs, flags, skin tones and what joins them; arrows and geometric shapes too.
_SILENT = re.compile(
    "[\U0001f000-\U0001faff\U000e0000-\U000e007f\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u2500-\u27bf"
    "\u2900-\u297f\u2b00-\u2bff\ufe00-\ufe0f\u200d\u20e3]"
)
_ADDRESS = re.compile(
    r"(?:https?://(?:www\.)?|www\.)(?P<web>[^\s<>()\"']+)"
    r"|(?<![\w@.])(?P<plain>[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}|(?:[\w-]+\.)+[a-z]{2,}(?:/[^\s<>()\"']*)?)(?!\w)",
    re.IGNORECASE,
)
_ADDRESSED = re.compile(r"://|@|\w\.\w|www\.")
_SIGN = re.compile(r"[^\w\s]|_")
_AFTER_ADDRESS = ".,;:?!/"
# With the pauses around them: " dot ", " slash ".
_CHARACTERS_OF_SIGN = {".": 5, "/": 7, "@": 4, "-": 6, "_": 12}
_CHARACTERS_PER_SIGN = 6


def weight(text: str) -> int:
    """Of a text, at least 1 where there is any."""
    return max(_weight(text), 1) if text else 0


def word_weight(word: str) -> int:
    """A word's share of what is said, with the space behind it; 0 of one that is not said."""
    own = _weight(word)
    return own + 1 if own else 0


def _weight(text: str) -> int:
    if text.isascii() and text.isalpha():
        return len(text)
    said = text if text.isascii() else _SILENT.sub("", text)
    if ("." in said[:-1] or "@" in said or ":" in said) and _ADDRESSED.search(said):
        said = _ADDRESS.sub(_as_read, said)
    return len(said) + (CHARACTERS_PER_DIGIT - 1) * len(_DIGIT.findall(said))


def _as_read(found: re.Match[str]) -> str:
    """As many characters as it has when it is read."""
    address = found["web"] or found["plain"]
    kept = address.rstrip(_AFTER_ADDRESS)
    read = _SIGN.sub(lambda sign: "x" * _CHARACTERS_OF_SIGN.get(sign[0], _CHARACTERS_PER_SIGN), kept)
    return read + address[len(kept) :].replace("/", "")
