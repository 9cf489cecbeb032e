"""What a caller's words say about the floor: is it a backchannel, an unfinished phrase, a whole answer.

Cues only steer waiting times by a few hundred ms; they never decide meaning.
"""

from __future__ import annotations

import re
from functools import lru_cache

from antiphon.conversation import dictated
from antiphon.conversation.cues import Cues, cues_of
from antiphon.conversation.policy import Policy

_WORD = re.compile(r"[\w']+(?:-[\w']+)*")
# However a recogniser spells "mm-hm" and "uh-huh".
_HUM = re.compile(r"^(?:m+(?:-?h+m*)*|h+m+|u+h*(?:-?h+u+h*)*|u*m+|mm\w*|(?:mn)+|[mh](?:-[mh])+)$")
_LETTERS_MIN = 3  # Two are as often "p.m." or "ID".
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_TRAILING = ("...", "…", "-", "–", ",")
_HOLD_WORDS_MAX = 12


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
    letters = expects == "spelling"  # "M" is one there, and no hum.
    phrase = " ".join(word for word in spoken if not _HUM.match(word) or (letters and _is_letters(word)))
    if reply_kind == "greeting" and phrase in policy.greeting_words:
        return False
    known = (*policy.backchannels, *policy.farewells) if last_words else policy.backchannels
    return not _made_only_of(phrase, known)


def only_leaves(text: str, policy: Policy) -> bool:
    """Hums and farewells: he lets us go. One word that decides something ("no") does not."""
    phrase = " ".join(word for word in words(text) if not _HUM.match(word))
    return phrase not in policy.interrupting_words and _made_only_of(phrase, policy.farewells)


def _made_only_of(phrase: str, parts: tuple[str, ...]) -> bool:
    return not _any_of(parts).sub(" ", phrase).strip()


@lru_cache(maxsize=64)  # By the phrases of an agent, never by what a caller said.
def _any_of(parts: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(parts, key=len, reverse=True)
    return re.compile(rf"(?<![\w'-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w'-])")


def asks_to_wait(text: str, policy: Policy, question: str = "") -> bool:
    """ "One second, let me find my card." Long turns that contain such a phrase are about something else, and
    "let me see, Thursday at ten" is an answer, thought about aloud: behind the phrase there may only be what
    is fetched, or why we are to wait. "Two minutes" alone answers our `question` how long something lasts."""
    spoken = words(text)
    if not 0 < len(spoken) <= _HOLD_WORDS_MAX:
        return False
    found = list(_any_of(policy.hold_phrases).finditer(" ".join(spoken)))
    if not found:
        return False
    cues = cues_of(policy.language)
    before = words(found[-1].string[: found[-1].start()])
    if before and before[-1] in cues.reports:
        return False
    rest = words(found[-1].string[found[-1].end() :])
    if not rest and all(phrase[0] in cues.times for phrase in found) and _asks_how_long(question, cues):
        return False
    while rest and (rest[0] in cues.courtesies or _HUM.match(rest[0])):
        rest.pop(0)
    if not rest or not cues.errands:
        return True
    numbers = any(dictated.is_number(word, cues) for word in rest)
    names_something = cues.copulas.isdisjoint(rest) and not numbers
    return names_something and any(f"{' '.join(rest)} ".startswith(f"{start} ") for start in cues.errands)


def _asks_how_long(question: str, cues: Cues) -> bool:
    return bool(question) and _any_of(cues.how_long).search(" ".join(words(question))) is not None


def only_hums(text: str, language: str = "en") -> bool:
    """ "Um." Somebody is there, and says nothing."""
    fillers = cues_of(language).fillers
    return all(_HUM.match(word) or word in fillers for word in words(text))


def sounds_unfinished(text: str, expects: str, language: str = "en") -> bool:
    """The words themselves promise more."""
    spoken = words(text)
    if not spoken:
        return False
    if text.rstrip().endswith(_TRAILING):
        return True
    cues, phrase = cues_of(language), " ".join(spoken)
    if spoken[-1] in cues.fillers or _ends_with(phrase, cues.openers):
        return True
    # The last letter of "T I N A" is no article, nor the last digit of "deux trois un".
    own = is_spelling(text, expects) or (expects == "digits" and spoken[-1] in cues.digits)
    if spoken[-1] in cues.dangling and not own and not _ends_with(phrase, cues.complete):
        return True
    if expects == "spelling":
        return len(_letters(spoken)) < _LETTERS_MIN and not _denies(spoken, cues)
    if expects != "digits" and not (dictated.is_begun(spoken, cues) and _calls(phrase, cues)):
        return False
    return 0 < dictated.digits(spoken, cues) < cues.phone_digits


def sounds_complete(text: str, expects: str, language: str = "en") -> bool:
    """The words are a whole answer, however abrupt they sound."""
    spoken = words(text)
    if not spoken:
        return False
    cues = cues_of(language)
    if spoken[-1] in cues.closers:
        return True
    if expects == "digits":
        return dictated.digits(spoken, cues) >= cues.phone_digits
    return len(spoken) <= 3 and all(word in cues.short_answers for word in spoken)


def is_spelling(text: str, expects: str) -> bool:
    """Letter by letter, and nobody but the caller knows how many there are."""
    return expects == "spelling" or len(_letters(words(text))) >= _LETTERS_MIN


def answers(text: str, expects: str, language: str = "en") -> bool:
    """The words are an answer of the expected kind from beginning to end: little speaks for more."""
    spoken = words(text)
    match expects:
        case "yes_no":
            return bool(spoken) and len(spoken) <= 5 and spoken[0] in cues_of(language).short_answers
        case "name":
            return 2 <= len(spoken) <= 4
        case "date":
            return bool(_YEAR.search(text))
        case "digits" | "spelling":
            return _denies(spoken, cues_of(language))
    return False


def _denies(spoken: list[str], cues: Cues) -> bool:
    """ "I don't have it": nothing of a number or a spelled name is there, and nothing of it will come."""
    if not cues.denials or _letters(spoken) or any(dictated.is_number(word, cues) for word in spoken):
        return False
    return _any_of(cues.denials).search(" ".join(spoken)) is not None


def _calls(phrase: str, cues: Cues) -> bool:
    return bool(cues.calls) and _any_of(cues.calls).search(phrase) is not None


def _ends_with(phrase: str, endings: tuple[str, ...]) -> bool:
    return f" {phrase}".endswith(_as_endings(endings))


@lru_cache(maxsize=64)  # By the cues of a language.
def _as_endings(phrases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f" {phrase}" for phrase in phrases)


def _letters(spoken: list[str]) -> list[str]:
    """The single letters at the end, "s-m-i-t-h" taken apart."""
    apart = [part for word in spoken for part in (word.split("-") if _is_spelled(word) else [word])]
    count = 0
    while count < len(apart) and len(apart[-1 - count]) == 1 and apart[-1 - count].isalpha():
        count += 1
    return apart[len(apart) - count :]


def _is_letters(word: str) -> bool:
    return len(word) == 1 or _is_spelled(word)


def _is_spelled(word: str) -> bool:
    return "-" in word and all(len(part) == 1 for part in word.split("-"))
