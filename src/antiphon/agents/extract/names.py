"""Names of persons: after "my name is", "this is … calling", spelled, or bare when a name was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from antiphon.agents.extract.choices import likeness
from antiphon.agents.extract.corrections import settle
from antiphon.agents.extract.days import MONTHS, WEEKDAYS
from antiphon.agents.extract.numbers import DIGIT_WORDS, ORDINALS, TEENS, TENS
from antiphon.agents.extract.spelled import find_spelled
from antiphon.agents.extract.values import Found, PersonName
from antiphon.agents.extract.words import (
    Word,
    Words,
    gap_at,
    norm_at,
    phrase_at,
    phrases,
    split_words,
    word_set,
)

_STRONG = phrases(
    "my name is|my name's|my full name is|name is|name's|the name is|the name's|i am called|they call me",
    "call me|my name would be|name would be|patient's name is|patient is|the patient is|his name is",
    "her name is|name of|under the name|under the name of|my name was|you can call me|full name is",
    "name as",
)
_FIRST = phrases("first name is|first name|my first name is|first name's|given name is|given name")
_LAST = phrases(
    "last name is|last name|my last name is|last name's|surname is|surname|family name is|family name",
    "the last name",
)
_WEAK = phrases(
    "this is|i'm|i am|it's|it is|that's|here is|under|speaking with|yes this is|it would be|that is"
)
_BEHIND = word_set("calling speaking here")
_TITLES = word_set("mr mrs ms miss mister missus")
_DOCTORS = word_set("dr doctor nurse professor")
_PARTICLES = word_set("de la le van von der den del da di dos bin ibn al el st mac mc du san santa ter ten o")
# Words that stand where names stand but are none.
_NOT_NAMES = word_set(
    "know calling looking trying hoping wondering here not just a an the my your his her our their that "
    "this it is was and or but so to for from with about at on in of by because if when what where who "
    "why how knew known i i'm you he she we they me new existing patient sorry sure fine good great okay "
    "ok yes yeah yep no nope please thanks thank hello hi hey well um uh er erm ah oh hmm mm like "
    "actually really also still already very feeling having getting going interested available free busy "
    "sick late early right correct wrong spelled spelling spell last first name full middle maiden "
    "appointment appointments insurance doctor doctors dr nurse clinic book schedule reschedule cancel "
    "change make need want would could can will have had has been be are am do does did don't morning "
    "afternoon evening night today tomorrow tonight yesterday noon week month day year time next after "
    "before around between any anytime birthday birth born date phone number email address speaking speak "
    "talk somebody someone person human agent mother father mom dad wife husband son daughter baby child "
    "kid mother's father's wife's husband's son's daughter's all set done back home work there then now "
    "one more less another other same different only too either neither let let's see say said mean meant "
    "it's that's there's what's who's i'd i'll i've we're they're you're isn't can't emergency urgent "
    "pain help question quick checkup cleaning physical follow up annual visit test results flu shot dash "
    "hyphen letter double triple capital as perfect exactly might maybe perhaps than them us under "
    "through got get"
)
_NUMBERS = frozenset({*DIGIT_WORDS, *TEENS, *TENS, *ORDINALS, "hundred", "thousand"} - {"o"})
_DAYS = frozenset({*WEEKDAYS, *MONTHS}) - word_set("april may june august jan")
_LETTER_JOINTS = word_set("spelled spelling that's is spelt s")


def find_names(text: str, *, expected: bool = False) -> list[Found[PersonName]]:
    """Names in spoken order. Without `expected` a name needs an introduction ("my name is"); with it a bare
    name counts. Spelled letters replace the word they spell. Doctors are not callers: "with Dr.
    Patel" is left out. Names come in title case unless they were written with inner capitals.
    """
    words = split_words(text)
    spelled = find_spelled(text)
    names = _introduced(text, words, spelled)
    if not names and (behind := _before_calling(text, words)):
        names = [behind]
    if not names and expected:
        names = _bare(text, words, spelled)
    return _merged(settle(text, words, names), text)


def _introduced(text: str, words: Words, spelled: Sequence[Found[str]]) -> list[Found[PersonName]]:
    names: list[Found[PersonName]] = []
    i = 0
    while i < len(words):
        kind, length = _introduction(words, i)
        name = _name_from(text, words, i + length, kind, spelled) if length else None
        if name is None:
            i += 1
            continue
        names.append(name)
        i = next((k for k, word in enumerate(words) if word.start >= name.end), len(words))
    return names


def _introduction(words: Words, i: int) -> tuple[str, int]:
    lengths = {
        "full": phrase_at(words, i, _STRONG),
        "first": phrase_at(words, i, _FIRST),
        "last": phrase_at(words, i, _LAST),
        "weak": phrase_at(words, i, _WEAK),
    }
    kind = max(lengths, key=lambda each: lengths[each])
    if not lengths[kind] and norm_at(words, i) in _TITLES:
        return "last", 1
    return kind, lengths[kind]


def _name_from(
    text: str, words: Words, i: int, kind: str, spelled: Sequence[Found[str]]
) -> Found[PersonName] | None:
    """The name that starts at word `i`, at most four words and the letters that spell one of them."""
    while norm_at(words, i) in {"uh", "um", "er", "is", "it's", "like", "well", "ah", "actually", *_TITLES}:
        if norm_at(words, i) in _TITLES:
            kind = "last"
        i += 1
    taken = _name_words(words, i, needs_capital=kind == "weak", spelled=spelled)
    after = i + len(taken)
    letters = _letters_after(words, after, spelled)
    if not taken and letters is None:
        return None
    if kind == "weak" and not taken:
        return None
    name = _assembled([words[k].raw for k in range(i, after)], words, i, kind)
    start, agrees = words[i].start, True
    end = words[after - 1].end if taken else start
    if letters is not None:
        said, name, end = name, _respelled(name, letters.value), letters.end
        # Letters are misheard as easily as names: where they disagree, neither is sure.
        agrees = not taken or letters.value.lower() in {said.first.lower(), said.last.lower()}
        start = start if taken else letters.start
    confidence = 0.8 if kind == "weak" else 1.0
    confidence = confidence if agrees else 0.7
    return Found(value=name, start=start, end=end, text=text[start:end], confidence=confidence)


def _name_words(words: Words, i: int, *, needs_capital: bool, spelled: Sequence[Found[str]]) -> Words:
    taken: list[Word] = []
    for k in range(i, min(i + 5, len(words))):
        word = words[k]
        if any(span.start <= word.start < span.end for span in spelled):
            break
        if k > i and any(mark in gap_at(words, k) for mark in ".,;:!?") and not _continues(words, k, taken):
            break
        if not _can_be_name(words, k) or (
            needs_capital and not word.raw[0].isupper() and not _is_particle(words, k)
        ):
            break
        taken.append(word)
    while taken and taken[-1].norm in _PARTICLES and len(taken) > 1 and not taken[-1].raw[0].isupper():
        taken.pop()
    if len(taken) == 1 and taken[0].norm in _PARTICLES - {"al", "el", "san", "van"}:
        return []
    return taken


def _continues(words: Words, k: int, taken: Words) -> bool:
    """ "Maria. Lopez." said with a pause is one name."""
    return len(taken) == 1 and words[k].raw[0].isupper() and set(gap_at(words, k).strip()) <= {".", ","}


def _is_particle(words: Words, k: int) -> bool:
    return words[k].norm in _PARTICLES


def _can_be_name(words: Words, k: int) -> bool:
    word = words[k]
    if word.norm in _NOT_NAMES or word.norm in _NUMBERS or word.norm in _DAYS or word.norm in _DOCTORS:
        return False
    return word.raw[0].isalpha() and (len(word.norm) > 1 or _is_particle(words, k))


def _letters_after(words: Words, i: int, spelled: Sequence[Found[str]]) -> Found[str] | None:
    """Letters that begin right here, "that's" and "spelled" skipped."""
    limit = i + 3
    while i < limit and norm_at(words, i) in _LETTER_JOINTS and not _starts(words, i, spelled):
        i += 1
    return _starts(words, i, spelled)


def _starts(words: Words, i: int, spelled: Sequence[Found[str]]) -> Found[str] | None:
    if i >= len(words):
        return None
    return next((span for span in spelled if span.start == words[i].start), None)


def _assembled(raw: Sequence[str], words: Words, first: int, kind: str) -> PersonName:
    parts: list[str] = []
    for offset, word in enumerate(raw):
        shaped = _title(word)
        if offset and gap_at(words, first + offset) == "-" and parts:
            parts[-1] = f"{parts[-1]}-{shaped}"
        else:
            parts.append(shaped)
    if kind == "last":
        return PersonName(last=" ".join(parts))
    if kind == "first" or len(parts) < 2:
        return PersonName(first=" ".join(parts))
    split = next((k for k in range(1, len(parts)) if parts[k].lower() in _PARTICLES), len(parts) - 1)
    return PersonName(first=" ".join(parts[:split]), last=" ".join(parts[split:]))


def _title(word: str) -> str:
    if word.lower() in _PARTICLES and word.islower():
        return word
    if word.islower() or (word.isupper() and len(word) > 1):
        pieces = word.replace("’", "'").split("'")
        return "'".join(
            piece.capitalize() if len(piece) > 1 or k == 0 else piece for k, piece in enumerate(pieces)
        )
    return word


def _respelled(name: PersonName, letters: str) -> PersonName:
    """The spelled word replaces the one it sounds like; alone it is the last name, as asked at every desk."""
    word = letters.capitalize()
    by_first, by_last = (likeness(each.lower(), letters.lower()) for each in (name.first, name.last))
    if name.first and name.last and by_first > max(by_last, 0.55):
        return PersonName(first=word, last=name.last, spelled=True)
    if name.last or not name.first:
        return PersonName(first=name.first, last=word, spelled=True)
    if by_first >= 0.45:
        return PersonName(last=word, spelled=True)
    return PersonName(first=name.first, last=word, spelled=True)


def _before_calling(text: str, words: Words) -> Found[PersonName] | None:
    """ "Maria Lopez calling", "John Smith here"."""
    for i, word in enumerate(words):
        if word.norm not in _BEHIND or i == 0:
            continue
        first = i
        while first > 0 and _can_be_name(words, first - 1) and words[first - 1].raw[0].isupper():
            first -= 1
        if first < i and i - first <= 4:
            start, end = words[first].start, words[i - 1].end
            name = _assembled([each.raw for each in words[first:i]], words, first, "full")
            return Found(value=name, start=start, end=end, text=text[start:end], confidence=0.9)
    return None


def _bare(text: str, words: Words, spelled: Sequence[Found[str]]) -> list[Found[PersonName]]:
    """The answer to "what is your name?": the first run of words that can be one."""
    for i in range(len(words)):
        if norm_at(words, i - 1) in _DOCTORS:
            continue
        name = _name_from(text, words, i, "full", spelled)
        if name is not None:
            return [name]
    return []


def _merged(names: list[Found[PersonName]], text: str) -> list[Found[PersonName]]:
    """ "First name Maria, last name Lopez" is one person; so is a name said again with its spelling."""
    if len(names) != 2:
        return names
    a, b = names[0].value, names[1].value
    if (a.first and not a.last and b.last and not b.first) or (
        a.last and not a.first and b.first and not b.last
    ):
        value = PersonName(first=a.first or b.first, last=a.last or b.last, spelled=a.spelled or b.spelled)
    elif a.first and a.last and b.only and b.spelled:
        value = PersonName(first=a.first, last=b.only, spelled=True)
    else:
        return names
    start, end = names[0].start, names[1].end
    return [
        Found(
            value=value,
            start=start,
            end=end,
            text=text[start:end],
            confidence=min(n.confidence for n in names),
        )
    ]
