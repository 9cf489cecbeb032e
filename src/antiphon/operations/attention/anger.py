"""Whether a caller sounds angry: by what he says and by how loud he says it. No model is asked.

Words: phrases in five languages, in two classes, found in what was transcribed. Loudness: seconds of voice
well above what this caller has been like so far on this line. It calms down turn by turn. Irony, quiet anger
and anger in other languages are not noticed; emphatic people on a poor line may be taken for angry ones. So
it sorts a list for people, and decides nothing.
"""

from __future__ import annotations

import re
from collections import deque
from statistics import median
from typing import Final

STRONG: Final = 0.55
MILD: Final = 0.25
CALMING: Final = 0.6  # What is left of it with each turn in which nothing of it is heard.
LOUDER_DB: Final = 8.0  # A raised voice is some 10 dB above a normal one at the same distance (ISO 9921, A).
LOUD: Final = 0.12  # For a second; five of them in a turn are about as telling as a strong word.
CALM_SECONDS_MIN: Final = 4
REMEMBERED_SECONDS: Final = 60

_STRONG = (
    r"ridiculous", r"unacceptable", r"outrageous", r"useless", r"the worst", r"fed up", r"sick of",
    r"waste of (?:my )?time", r"i(?:'m| am) (?:so |very |really )?(?:angry|furious|pissed)", r"damn", r"hell",
    r"stupid", r"idiots?", r"bullshit", r"shit", r"fuck\w*", r"shut up", r"complain(?:t)?", r"lawyer", r"sue",
    r"unverschämt", r"unmöglich", r"lächerlich", r"verdammt", r"scheiß\w*", r"frechheit", r"anwalt",
    r"ridículo", r"inaceptable", r"harto", r"mierda", r"idiota", r"inadmissible", r"ridicule", r"merde",
    r"ras le bol", r"inaccettabile", r"ridicolo", r"basta",
)  # fmt: skip
_MILD = (
    r"i (?:already|just) (?:told|said|gave)", r"i said", r"how many times", r"not what i (?:said|asked)",
    r"come on", r"frustrat\w+", r"annoy\w+", r"listen to me", r"for the (?:second|third|last) time",
    r"are you (?:even )?listening", r"you(?:'re| are) not (?:listening|helping)", r"seriously",
    r"hab(?:e)? ich (?:doch )?(?:schon|bereits|gerade) gesagt", r"schon wieder", r"hören sie mir",
    r"ya (?:le |se lo )?(?:he )?(?:dicho|dije)", r"escúcheme", r"je (?:vous )?l'ai déjà dit", r"écoutez",
    r"gliel'ho già detto",
)  # fmt: skip


def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)", re.IGNORECASE)


_PHRASES = ((_any_of(_STRONG), STRONG), (_any_of(_MILD), MILD))


class Temper:
    """One caller's. `level` is 0 to 1."""

    def __init__(self) -> None:
        self.level = 0.0
        self._loud = 0.0
        self._levels_dbfs: deque[float] = deque(maxlen=REMEMBERED_SECONDS)

    def second(self, level_dbfs: float) -> None:
        """A second with the caller's voice in it."""
        seconds = self._levels_dbfs
        if len(seconds) >= CALM_SECONDS_MIN and level_dbfs > median(seconds) + LOUDER_DB:
            self._loud = _more(self._loud, LOUD)
        seconds.append(level_dbfs)

    def said(self, text: str) -> None:
        """A turn of the caller, as transcribed."""
        heard = self._loud
        for phrases, weight in _PHRASES:
            for _ in phrases.findall(text):
                heard = _more(heard, weight)
        self._loud = 0.0
        # It adds to what is left of the turns before: nobody is calm again because one sentence was polite.
        self.level = _more(self.level * CALMING, heard)


def _more(level: float, by: float) -> float:
    return 1 - (1 - level) * (1 - by)
