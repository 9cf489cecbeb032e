"""An agent's own dictionary: how words are said, whatever a voice would make of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Pronunciation:
    """One entry. Written all in small letters, `word` is found in any case; with a capital, only as written.

    Attributes:
        ipa: For voices that take phonemes.
        respelling: For all others, and for all where there is no `ipa`.
        language: The entry counts only where this is spoken; "" for wherever the agent speaks.
    """

    word: str
    ipa: str = ""
    respelling: str = ""
    language: str = ""

    def counts_in(self, language: str) -> bool:
        wanted, spoken = self.language.lower(), language.lower().replace("_", "-")
        return not wanted or spoken == wanted or spoken.startswith(f"{wanted}-")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Entries that count in one language. Of two that fit at a place, the longer one counts."""

    entries: Sequence[Pronunciation]
    _pattern: re.Pattern[str] | None = field(init=False)

    def __post_init__(self) -> None:
        longest = sorted(self.entries, key=lambda entry: len(entry.word), reverse=True)
        words = "|".join(
            f"({'(?i:' if entry.word == entry.word.lower() else '(?:'}{_spaced(entry.word)}))"
            for entry in longest
        )
        object.__setattr__(self, "entries", tuple(longest))
        object.__setattr__(
            self, "_pattern", re.compile(rf"(?<![\w-])(?:{words})(?![\w-])") if words else None
        )

    def split(self, text: str) -> Iterator[tuple[str, Pronunciation | None]]:
        """The text in pieces: those of the dictionary with their entry, the others without."""
        done = 0
        for found in self._pattern.finditer(text) if self._pattern else ():
            if found.start() > done:
                yield text[done : found.start()], None
            assert found.lastindex is not None
            yield found.group(), self.entries[found.lastindex - 1]
            done = found.end()
        if done < len(text):
            yield text[done:], None


def _spaced(word: str) -> str:
    return r"\s+".join(re.escape(part) for part in word.split())
