"""An author may mark words up for the voice (SSML). What was said is the words, not the marks."""

from __future__ import annotations

import re
from typing import Final

_TAG: Final = re.compile(r"</?(?:speak|break|emphasis|say-as|phoneme|prosody|sub)(?:\s[^<>]*|/)?>")
_BREAK: Final = re.compile(r"<break(?:\s[^<>]*|/)?>")


def without_markup(text: str) -> str:
    """The words of a text as they are written, tags gone."""
    if "<" not in text:
        return text
    plain = _TAG.sub("", _BREAK.sub(" ", text))
    return text if plain == text else " ".join(plain.split())
