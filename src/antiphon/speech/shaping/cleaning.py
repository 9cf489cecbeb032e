"""What no voice should see, in any language: markdown, HTML, emoji, control and zero-width characters."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_CHARACTERS: Final = str.maketrans({
    "‘": "'", "’": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ", "\u3000": " ", "\t": " ",
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2212": "-", "…": "...", "•": "\n", "·": " ",
    "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3", "\r": "\n",
})  # fmt: skip
_ENTITIES: Final = {"&amp;": "&", "&nbsp;": " ", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'"}
_INVISIBLE: Final = re.compile(
    r"[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
# Pictographs, dingbats, flags, skin tones, variation selectors, keycaps; arrows and geometric shapes too.
_EMOJI: Final = re.compile(
    "[\U0001f000-\U0001faff\U000e0000-\U000e007f\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u2500-\u27bf"
    "\u2900-\u297f\u2b00-\u2bff\ufe00-\ufe0f\u20e3\u3030\u303d\u3297\u3299]"
)
_RULES: Final = tuple((re.compile(pattern, re.MULTILINE), by) for pattern, by in (
    (r"(?<!\S)(?:[:;=]-?[()DPp/|]|:'\()(?=[\s.,!?]|$)", " "),  # faces made of signs
    (r"```\w*", " "),  # code fences: the code itself may be the answer
    (r"!\[([^\]\n]*)\]\([^)\n]*\)", r"\1"),  # images
    (r"\[([^\]\n]+)\]\([^)\n]*\)", r"\1"),  # links: their text
    (r"\[\^?\d+\]", " "),  # footnotes and citations
    (r"</?[A-Za-z][^<>\n]*>", " "),
    (r"^[ ]*(?:[-*_=][ ]*){3,}$", " "),  # horizontal rules
    (r"^[ ]*\|?(?:[ ]*:?-{2,}:?[ ]*\|)+[ ]*:?-*:?[ ]*$", " "),  # a table's second line
    (r"^[ ]*#{1,6}[ ]+", ""),
    (r"^[ ]*>[ ]?", ""),
    (r"^[ ]*[-*+][ ]+(?:\[[ xX]\][ ]+)?", ""),  # list items
    (r"\*{1,3}(?=\S)([^*\n]+?)(?<=\S)\*{1,3}", r"\1"),
    (r"(?<!\w)_{1,3}(?=\S)([^_\n]+?)(?<=\S)_{1,3}(?!\w)", r"\1"),
    (r"~~([^~\n]+)~~", r"\1"),
    (r"`([^`\n]*)`", r"\1"),
    (r"[ ]*\|[ ]*", ", "),  # table cells
    (r"[*`\\^~]|_{2,}", " "),
))  # fmt: skip


# Digits of other scripts, raised and lowered ones, and fractions of one character.
_FOREIGN_NUMBER: Final = re.compile(r"[^\x00-\xb1\xb4-\xb8]")


def _ascii_number(found: re.Match[str]) -> str:
    character = found[0]
    if not character.isnumeric():
        return character
    plain = unicodedata.normalize("NFKC", character)
    if "\u2044" in plain:
        return " " + plain.replace("\u2044", "/")
    digit = unicodedata.digit(character, None)
    return character if digit is None else str(digit)


# One of these is in all that a rule above finds, and in hardly any text that is meant to be said.
_MARKED: Final = re.compile(r"[`\[<\-*_=|#>~\\^+]|[:;][()DPp/]")


def clean(text: str) -> str:
    """Plain text on one line; the end of a line without punctuation becomes the end of a sentence."""
    if not (text.isascii() and text.isprintable()):
        text = _FOREIGN_NUMBER.sub(_ascii_number, text.translate(_CHARACTERS))
    if "&" in text:
        for entity, character in _ENTITIES.items():
            text = text.replace(entity, character)
    if not (text.isascii() and text.isprintable()):
        text = _EMOJI.sub(" ", _INVISIBLE.sub("", text))
    if _MARKED.search(text):
        for pattern, by in _RULES:
            text = pattern.sub(by, text)
    lines = [line.strip(" ,") if line.startswith((",", " ,")) else line.strip() for line in text.split("\n")]
    lines = [line for line in lines if line]
    ended = [line if line[-1] in ".?!,;:-—–" else line + "." for line in lines[:-1]]
    return " ".join([*ended, *lines[-1:]])


_TIDY: Final = tuple((re.compile(pattern), by) for pattern, by in (
    (r"[\[\]{}<>#|]", " "),
    (r"\s*[()]\s*", ", "),
    (r'"', ""),
    (r"_", " "),
    (r"\s+", " "),
    (r"\.{2,}", "."),
    (r"([?!])[?!.]+", r"\1"),
    (r"\s+([,.;:?!])", r"\1"),
    (r"(?:[,;:]\s*)+(?=[,;:.?!])", ""),
    (r"([.?!])[,;:]+", r"\1"),
    (r"^[\s,;:.!?]+(?=\w)", ""),
    (r",\s*$", ","),
))  # fmt: skip


_UNTIDY: Final = re.compile(r"[\[\]{}<>#|()\"_]|\s\s|[^\S ]|[,.;:?!]\s*[,.;:?!]|\s[,.;:?!]|^[\s,;:.!?]|,\s+$")


def tidy(text: str) -> str:
    """Brackets to pauses, single spaces, no doubled punctuation."""
    if not _UNTIDY.search(text):
        return text.strip()
    for pattern, by in _TIDY:
        text = pattern.sub(by, text)
    return text.strip()
