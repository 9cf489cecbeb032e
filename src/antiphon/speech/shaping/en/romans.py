"""Roman numerals where nothing else can be meant: kings and queens, chapters, wars."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.en.numbers import cardinal, ordinal
from antiphon.speech.shaping.reading.letters import roman

_RULERS: Final = (
    "Elizabeth", "Charles", "Henry", "George", "William", "Edward", "Louis", "James", "Richard", "Mary",
    "Pius", "Benedict", "John Paul", "Francis", "Philip", "Napoleon", "Nicholas", "Catherine", "Frederick",
)  # fmt: skip
_ROMAN: Final = re.compile(r" [IVX]|WW")
_WORLD_WAR: Final = re.compile(r"\bWW(?:II|2)\b|\bWW(?:I|1)\b")
_RULER: Final = re.compile(rf"\b({'|'.join(_RULERS)}) ([IVX]+)\b(?!')")
_NUMBERED: Final = re.compile(
    r"\b([Cc]hapter|[Vv]olume|[Pp]art|[Aa]ct|[Ss]ection|[Tt]ype|World War|[Pp]hase|[Ss]tage) ([IVX]+)\b"
)


def read(text: str) -> str:
    if not _ROMAN.search(text):
        return text
    text = _WORLD_WAR.sub(
        lambda found: "World War two" if found[0][2:] in ("II", "2") else "World War one", text
    )
    # "Charles I" at a sentence's end may be a name and the speaker: one letter alone is left to the voice.
    text = _RULER.sub(
        lambda found: (
            f"{found[1]} the {ordinal(roman(found[2]))}" if roman(found[2]) and found[2] != "I" else found[0]
        ),
        text,
    )
    return _NUMBERED.sub(
        lambda found: f"{found[1]} {cardinal(roman(found[2]))}" if roman(found[2]) else found[0], text
    )
