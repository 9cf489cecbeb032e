"""What a caller's words say about the floor: is it a backchannel, an unfinished phrase, a whole answer.

Cues only steer waiting times by a few hundred ms; they never decide meaning.
"""

from __future__ import annotations

import re
from functools import lru_cache

from antiphon.conversation.policy import Policy

_WORD = re.compile(r"[a-z0-9']+(?:-[a-z0-9']+)*")
_DIGIT_WORDS = frozenset(
    {"eight", "five", "four", "nine", "oh", "one", "seven", "six", "three", "two", "zero"}
)

# A phrase that stops on one of these goes on.
_DANGLING = frozenset(
    {
        "a",
        "about",
        "after",
        "an",
        "and",
        "are",
        "around",
        "as",
        "at",
        "because",
        "before",
        "between",
        "but",
        "by",
        "can",
        "could",
        "er",
        "for",
        "from",
        "her",
        "his",
        "i",
        "i'd",
        "i'll",
        "i'm",
        "if",
        "in",
        "is",
        "it's",
        "my",
        "of",
        "on",
        "or",
        "our",
        "plus",
        "should",
        "than",
        "the",
        "their",
        "then",
        "till",
        "to",
        "uh",
        "um",
        "until",
        "was",
        "we",
        "were",
        "with",
        "would",
        "your",
    }
)
# ... but these are whole answers although they end on such a word.
_COMPLETE_ENDINGS = (
    "it is",
    "i am",
    "we are",
    "they are",
    "i was",
    "come in",
    "check in",
    "hold on",
    "hang on",
    "move on",
    "go on",
    "i need to",
    "i want to",
    "i have to",
    "the one before",
    "the day before",
    "the day after",
)
_CLOSERS = frozenset({"bye", "goodbye"})
_SHORT_ANSWERS = frozenset(
    {
        "correct",
        "exactly",
        "nah",
        "no",
        "nope",
        "ok",
        "okay",
        "perfect",
        "please",
        "right",
        "sure",
        "thanks",
        "yeah",
        "yep",
        "yes",
    }
)
_PHONE_DIGITS = 10
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def words(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return _WORD.findall(text.lower().replace("’", "'"))


def same_words(one: str, other: str) -> bool:
    """Two transcripts mean the same to a reasoner if their words are the same."""
    return words(one) == words(other)


def takes_floor(
    text: str, policy: Policy, *, reply_kind: str, expects: str, last_words: bool = False
) -> bool:
    """Is this more than listening noises? An expected yes or no always is; a farewell over ours is not."""
    spoken = words(text)
    if not spoken:
        return False
    if expects == "yes_no":
        return True
    phrase = " ".join(spoken)
    if reply_kind == "greeting" and phrase in policy.greeting_words:
        return False
    known = (*policy.backchannels, *policy.farewells) if last_words else policy.backchannels
    return not _made_only_of(phrase, known)


def _made_only_of(phrase: str, parts: tuple[str, ...]) -> bool:
    return not _any_of(parts).sub(" ", phrase).strip()


@lru_cache(maxsize=64)  # By the phrases of an agent, never by what a caller said.
def _any_of(parts: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(parts, key=len, reverse=True)
    return re.compile(rf"(?<![\w'-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w'-])")


def asks_to_wait(text: str, policy: Policy) -> bool:
    """ "One second, let me find my card." Long turns that contain such a phrase are about something else."""
    spoken = words(text)
    phrase = " ".join(spoken)
    return len(spoken) <= 12 and any(part in phrase for part in policy.hold_phrases)


def sounds_unfinished(text: str, expects: str) -> bool:
    """The words themselves promise more."""
    spoken = words(text)
    if not spoken:
        return False
    if text.rstrip().endswith(("...", "…", "-")):
        return True
    phrase = " ".join(spoken)
    if spoken[-1] in _DANGLING and not phrase.endswith(_COMPLETE_ENDINGS):
        return True
    if expects == "digits":
        return 0 < _digits(spoken) < _PHONE_DIGITS
    return expects == "spelling" and len(spoken) <= 2


def sounds_complete(text: str, expects: str) -> bool:
    """The words are a whole answer, however abrupt they sound."""
    spoken = words(text)
    if not spoken:
        return False
    if spoken[-1] in _CLOSERS:
        return True
    if expects == "digits":
        return _digits(spoken) >= _PHONE_DIGITS
    return len(spoken) <= 3 and all(word in _SHORT_ANSWERS for word in spoken)


def answers(text: str, expects: str) -> bool:
    """The words are an answer of the expected kind from beginning to end: little speaks for more."""
    spoken = words(text)
    match expects:
        case "yes_no":
            return bool(spoken) and len(spoken) <= 5 and spoken[0] in _SHORT_ANSWERS
        case "name":
            return 2 <= len(spoken) <= 4
        case "date":
            return bool(_YEAR.search(text))
    return False


def _digits(spoken: list[str]) -> int:
    return sum(sum(map(str.isdigit, word)) or word in _DIGIT_WORDS for word in spoken)
