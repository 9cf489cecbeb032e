"""Text from a language model, token by token, without markup: only an agent's author may mark words up."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

# A "<" without its ">" this much later was no tag.
_TAG_MAX_CHARS: Final = 300
_TAG: Final = re.compile(r"<(?:/?[A-Za-z][^<>]*|![^<>]*)>")
_OPEN: Final = re.compile(r"<(?:/?[A-Za-z!][^<>]*|/?)$")


class PlainText:
    """Gives `say` what it is fed, tags taken out; what may become a tag waits for its end.

    A model's words can be steered by what a caller or a document says, and a substitution would have the
    caller hear other words than the record shows.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._waiting = ""

    def feed(self, text: str) -> None:
        text = _TAG.sub(" ", self._waiting + text)
        held = _OPEN.search(text)
        if held and len(text) - held.start() <= _TAG_MAX_CHARS:
            self._waiting = text[held.start() :]
            text = text[: held.start()]
        else:
            self._waiting = ""
        if text:
            self._say(text)

    def finish(self) -> None:
        """Nothing more comes."""
        rest, self._waiting = self._waiting, ""
        if rest:
            self._say(rest.replace("<", " "))
