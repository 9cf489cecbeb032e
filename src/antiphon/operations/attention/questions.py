"""Whether a question is the one that was put before, in the same or in other words."""

from __future__ import annotations

import re
from typing import Final

ALIKE: Final = 0.6  # Of the shorter question's words; other ways to ask for one thing share its noun.
# Words of a question that say nothing of what is asked for.
_EMPTY = frozenset({
    "a", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do",
    "does", "for", "from", "give", "had", "has", "have", "hear", "how", "i", "if", "in", "is", "it",
    "just", "like", "may", "me", "might", "my", "no", "not", "of", "on", "one", "or", "our", "please",
    "put", "say", "shall", "should", "so", "sorry", "spell", "tell", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "to", "too", "us", "was", "we", "were", "what",
    "what's", "when", "where", "which", "who", "will", "with", "would", "you", "your", "again", "didn't",
    "catch", "once", "more", "letter", "name's", "okay", "well",
})  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def question_of(text: str) -> frozenset[str]:
    """What the last question of a reply is about, as words; empty when it asks nothing."""
    sentences = [sentence for sentence in _SENTENCE.split(text.strip()) if sentence.rstrip().endswith("?")]
    if not sentences:
        return frozenset()
    return frozenset(word for word in _WORD.findall(sentences[-1].lower()) if word not in _EMPTY)


def is_same(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two questions ask for the same thing."""
    shorter = min(len(one), len(other))
    return shorter > 0 and len(one & other) / shorter >= ALIKE
