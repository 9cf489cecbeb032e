"""Is it the International Phonetic Alphabet? IPA chart of 2020, with the letters espeak and vendors add."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Latin and Greek letters of the chart, the IPA block, modifier letters, combining marks, signs of melody.
_LETTER: Final = re.compile(r"[a-zæøœçðħŋβθχⱱᵻᵊᵐⁿˡ\u0250-\u02af]")
_SIGN: Final = re.compile(r"[\u02b0-\u02ff\u0300-\u036f\u1d43-\u1dbf‿.|‖↗↘ꜛꜜ↑↓ ]")
_FIXES: Final = {
    "'": "write ˈ (U+02C8) for the main stress", "’": "write ˈ (U+02C8) for the main stress",
    ",": "write ˌ (U+02CC) for the second stress", ":": "write ː (U+02D0) for a long sound",
    "@": "write ə for this vowel", "/": "leave the slashes out", "[": "leave the brackets out",
    "-": "write . between syllables, or give a respelling instead",
}  # fmt: skip
_OTHERWISE: Final = "use IPA such as ʃɪˈvɔːn, or give a respelling instead"


def ipa_fault(written: str) -> tuple[str, str] | None:
    """What is wrong with a transcription, with its place, and how to put it right; None if it is IPA."""
    decomposed = unicodedata.normalize("NFD", written)
    for at, character in enumerate(decomposed):
        if not (_LETTER.match(character) or _SIGN.match(character)):
            fix = _FIXES.get(character)
            if fix is None and character.isascii() and character.isupper():
                fix = f"IPA has no capital letters: write {character.lower()}, or the letter that is meant"
            place = len(unicodedata.normalize("NFC", decomposed[:at])) + 1
            return f"{character!r} at position {place} of {written!r} is not IPA", fix or _OTHERWISE
    if not any(_LETTER.match(character) for character in decomposed):
        return f"{written!r} holds no sound", _OTHERWISE
    return None
