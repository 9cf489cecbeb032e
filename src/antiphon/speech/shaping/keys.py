"""The keys of a telephone, "*" and "#": to cleaning they are markdown, to a caller the way out of a menu."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_OPENS, _CLOSES = r"(?<=[ (\"'/“«„])", r"(?=[\s.,;:!?)\"'/”»“]|$)"
# Alone, or a star with digits behind it ("*67"); at the start of a line they are a list and a heading.
_STAR: Final = re.compile(rf"{_OPENS}\*(?:{_CLOSES}|(?=\d+(?![\w*])))")
_HASH: Final = re.compile(rf"{_OPENS}#{_CLOSES}|(?<=\d)#(?![\w#])")
_PRESSED: Final = re.compile(r"(?<!\S)\d{2,}(?=#(?![\w#]))")
_TIMES: Final = re.compile(r"(?<=\d) ?\* ?(?=\d)(?![^ ]*\*)")
# "Your confirmation # is": not the key.
_NUMBER_OF: Final = re.compile(
    r"(?i)\b(confirmation|account|acct|order|policy|case|ticket|member"
    r"|reference|claim|room|phone|invoice) #(?=\W|$)"
)
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "en": ("star", "pound"), "en-GB": ("star", "hash"), "es": ("asterisco", "almohadilla"),
    "fr": ("étoile", "dièse"), "de": ("Stern", "Raute"),
}  # fmt: skip


def read_keys(text: str, language: str, region: str) -> str:
    """The words of the language for what is a key; the rest is left to cleaning."""
    if "*" not in text and "#" not in text:
        return text
    british = language == "en" and region not in ("US", "CA", "PH")
    words = _WORDS.get("en-GB" if british else language)
    if words is None:
        return text
    star, hash_ = words
    if language == "en":
        text = _NUMBER_OF.sub(r"\1 number", text)
    text = _PRESSED.sub(lambda found: " ".join(found[0]), text)
    text = _TIMES.sub(" × ", text)
    text = _STAR.sub(lambda found: f"{star} " if found.string[found.end() :][:1].isdigit() else star, text)
    return _HASH.sub(lambda found: hash_ if found.string[found.start() - 1].isspace() else f" {hash_}", text)
