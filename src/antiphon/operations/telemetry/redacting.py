"""Words without what finds a person: numbers, spelled ones too, and addresses. Names stay; nobody can promise
to find them all, so whoever may not send names sends no words."""

from __future__ import annotations

import re
from typing import Final

_MARK: Final = "[redacted]"
_ADDRESS: Final = re.compile(r"\S+@\S+|\b\S+ (?:at|AT|At) \S+ (?:dot|DOT|Dot) \S+")
_LINK: Final = re.compile(r"\b(?:https?|sips?|tel):\S+")
# Times and prices have fewer digits in a row; numbers of people, cards and accounts have at least four.
_DIGITS: Final = re.compile(r"\+?\d(?:[\s().\-/]{0,3}\d){3,}")
_SPOKEN: Final = (
    "zero|oh|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    "|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|double|triple"
)
_SPELLED: Final = re.compile(rf"\b(?:{_SPOKEN})(?:[\s,\-]+(?:and\s+)?(?:{_SPOKEN})){{2,}}\b", re.IGNORECASE)
# "It's Q, U, I, double L": spelled out.
_LETTERS: Final = re.compile(r"\b[A-Za-z](?:[\s,.\-]+(?:double\s+)?[A-Za-z]\b){2,}")


def redacted(text: str) -> str:
    for pattern in (_LINK, _ADDRESS, _DIGITS, _SPELLED, _LETTERS):
        text = pattern.sub(_MARK, text)
    return text
