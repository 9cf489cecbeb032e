"""Words that must be heard to their end: found in what a reply says, and said again until they were heard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from antiphon.agents.ports import Exchange, Reasoner, Replying, ReplyKind, ReplyRequest, WarmsReplies
from antiphon.conversation.markup import without_markup


def say(act: Replying, text: str, protected: Sequence[str]) -> None:
    """Say `text`; what of it is one of the `protected` texts is uninterruptible."""
    for part, must_be_heard in spans(text, protected):
        act.say(part, uninterruptible=must_be_heard)


def spans(text: str, protected: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """`text` in pieces, each with whether it is protected. Together the pieces are the text."""
    patterns = [r"\s+".join(map(re.escape, words.split())) for words in protected if words.strip()]
    if not patterns:
        if text:
            yield text, False
        return
    # Longer ones first: one protected text may begin like another.
    found = re.compile("|".join(sorted(patterns, key=len, reverse=True)))
    done = 0
    for match in found.finditer(text):
        if match.start() > done:
            yield text[done : match.start()], False
        yield match.group(), True
        done = match.end()
    if done < len(text):
        yield text[done:], False


def contains(text: str, words: str) -> bool:
    """Whether all of `words` is in `text`, however it was spaced."""
    return " ".join(without_markup(words).split()) in " ".join(text.split())


@dataclass(slots=True)
class DisclosureGuard:
    """Wraps any reasoner: a disclosure that the greeting owed and the caller did not hear to its end, because
    he spoke before it began or the voice failed, comes first in the next reply, until it was heard."""

    reasoner: Reasoner
    disclosures: tuple[str, ...]
    _owed: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._owed = self.disclosures

    async def reply(self, request: ReplyRequest, act: Replying) -> None:
        """As `Reasoner`."""
        if request.kind in (ReplyKind.TURN, ReplyKind.REPROMPT):
            for words in self._owed:
                act.say(f"{words} ", uninterruptible=True)
        await self.reasoner.reply(request, act)

    async def warm(self, history: Sequence[Exchange]) -> None:
        """As `WarmsReplies`."""
        if isinstance(self.reasoner, WarmsReplies):
            await self.reasoner.warm(history)

    def confirm(self, reply_id: str) -> None:
        """As `Reasoner`."""
        self.reasoner.confirm(reply_id)

    def discard(self, reply_id: str) -> None:
        """As `Reasoner`."""
        self.reasoner.discard(reply_id)

    def heard(self, reply_id: str, text: str, complete: bool) -> None:
        """As `Reasoner`."""
        self._owed = tuple(words for words in self._owed if not contains(text, words))
        self.reasoner.heard(reply_id, text, complete)
