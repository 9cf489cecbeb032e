"""Reasoning that a server leaves in the text, between tags: never spoken. Pure."""

from __future__ import annotations

from dataclasses import dataclass

OPEN, CLOSE = "<think>", "</think>"


@dataclass(slots=True)
class SpokenText:
    """What of a stream of text is meant to be heard. Tags may fall apart between any two pieces."""

    _held: str = ""  # The beginning of a tag, perhaps.
    _thinking: bool = False
    _spoke: bool = False

    def feed(self, piece: str) -> str:
        """The text that can be spoken now."""
        text, spoken = self._held + piece, ""
        self._held = ""
        while text:
            tag = CLOSE if self._thinking else OPEN
            before, found, after = text.partition(tag)
            if not found:
                keep = _beginning(text, tag)
                before, self._held = text[: len(text) - keep], text[len(text) - keep :]
            if not self._thinking:
                spoken += before
            if not found:
                break
            self._thinking, text = not self._thinking, after
        return self._without_lead(spoken)

    def finish(self) -> str:
        """What was held back and turned out to be no tag."""
        held, self._held = self._held, ""
        return "" if self._thinking else self._without_lead(held)

    def _without_lead(self, spoken: str) -> str:
        """Servers put blank lines between thoughts and answer."""
        if not self._spoke:
            spoken = spoken.lstrip()
        self._spoke = self._spoke or bool(spoken)
        return spoken


def _beginning(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the beginning of `tag`."""
    longest = min(len(text), len(tag) - 1)
    return next((size for size in range(longest, 0, -1) if tag.startswith(text[-size:])), 0)
