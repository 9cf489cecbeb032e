"""One of a known set by its names and synonyms, misheard or misspelled included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from antiphon.agents.extract.corrections import is_negated, settle
from antiphon.agents.extract.values import Found
from antiphon.agents.extract.words import Words, split_words, word_set

_ACCEPT = 0.78
_TITLES = {"dr": "doctor", "doc": "doctor", "drs": "doctor"}
# Everyday words never count as a mangled name.
_COMMON = word_set(
    "the and for with that this have need want like please would could can you your about what when where "
    "there their them they then from make take book good time today tomorrow week next other another "
    "appointment doctor insurance just know think maybe actually really sorry thanks thank call calling "
    "name number yes yeah sure okay right well some any one two three four five six seven eight nine ten "
    "after before morning afternoon not will been see seen who how why which his her him she our out get "
    "got are was were does did had has day days back hello through still also same very much more most "
    "only over than into here come let lets ok do to in on at monday tuesday wednesday thursday friday "
    "saturday sunday plan plans pay paid person help ask asked new old cancel change move check pain test "
    "tell talk speak"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    key: str
    score: float
    first: int
    after: int


def find_choice(text: str, options: Mapping[str, Sequence[str]]) -> list[Found[str]]:
    """Keys of the options named in `text`, in spoken order. `options` maps a key to the ways of saying it;
    the key itself counts too ("new_patient" as "new patient").

    The confidence is the likeness of what was said to the nearest synonym (1.0 when equal). Two options that
    fit the same words equally well are both given: ask. Options denied ("not Dr. Patel") are left out.
    """
    words = split_words(text)
    matches: list[_Match] = []
    norms = _normalised([word.norm for word in words])
    for key, synonyms in options.items():
        for synonym in dict.fromkeys([*synonyms, key.replace("_", " ")]):
            matches += _matches(norms, key, _synonym(synonym))
    kept = _best(matches)
    values = [
        Found(
            value=match.key,
            start=words[match.first].start,
            end=words[match.after - 1].end,
            text=text[words[match.first].start : words[match.after - 1].end],
            confidence=round(match.score, 3),
        )
        for match in kept
    ]
    spans = [(value.start, value.end) for value in values]
    if len(set(spans)) < len(spans):  # Rivals for one span: corrections between them mean nothing.
        return [value for value, match in zip(values, kept, strict=True) if not _denied(words, match)]
    return settle(text, words, values)


def _denied(words: Words, match: _Match) -> bool:
    return is_negated(words, match.first, match.after)


def _normalised(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(_TITLES.get(word, word) for word in words)


@lru_cache(maxsize=4096)
def _synonym(text: str) -> tuple[str, ...]:
    return _normalised([word.norm for word in split_words(text)])


def _matches(norms: tuple[str, ...], key: str, synonym: tuple[str, ...]) -> list[_Match]:
    """Windows of the text that are like `synonym`, a word more or fewer allowed ("bluecross")."""
    if not synonym:
        return []
    matches: list[_Match] = []
    sizes = (
        {len(synonym)} if len("".join(synonym)) < 5 else {len(synonym) - 1, len(synonym), len(synonym) + 1}
    )
    for size in sizes - {0}:
        for first in range(len(norms) - size + 1):
            said = norms[first : first + size]
            score = 1.0 if said == synonym else _phrase_likeness(said, synonym)
            if score >= _ACCEPT:
                matches.append(_Match(key=key, score=score, first=first, after=first + size))
    return matches


def _phrase_likeness(said: tuple[str, ...], meant: tuple[str, ...]) -> float:
    """Likeness without the title, which every doctor shares; everyday words are never a mangled name."""
    titled = said[0] == meant[0] == "doctor"
    if "doctor" in {said[0], meant[0]}:
        said, meant = said[said[0] == "doctor" :], meant[meant[0] == "doctor" :]
    if not said or not meant or all(word in _COMMON for word in said):
        return 0.0
    edges = (said[-1],) if titled else (said[0], said[-1])
    if any(word in _COMMON and word not in meant for word in edges):
        return 0.0
    heard, name = "".join(said), "".join(meant)
    if heard[0] != name[0] and _first_sound(heard) != _first_sound(name):
        return 0.0  # First sounds are the ones recognisers get right; most pairs end here, cheaply.
    score = likeness(heard, name)
    # After "doctor" a name must follow, and only ours are on the list: half the doubt.
    return min(0.99, 1 - (1 - score) * 0.6 if titled else score)


@lru_cache(maxsize=8192)
def _first_sound(word: str) -> str:
    return sound_key(word)[:1]


def _best(matches: Sequence[_Match]) -> list[_Match]:
    """Non-overlapping matches, best first, longer first; equals on one span stay side by side."""
    kept: list[_Match] = []
    for match in sorted(matches, key=lambda each: (-each.score, each.first - each.after, each.first)):
        rivals = [each for each in kept if each.first < match.after and match.first < each.after]
        if all(
            each.key != match.key
            and (each.first, each.after) == (match.first, match.after)
            and each.score - match.score < 0.02
            for each in rivals
        ):
            kept.append(match)
    return sorted(kept, key=lambda each: (each.first, each.key))


def likeness(said: str, meant: str) -> float:
    """0..1 for two words or names in lower case: spelling by edits, sound by a consonant key."""
    if said == meant:
        return 1.0
    longest = max(len(said), len(meant))
    if min(len(said), len(meant)) < 3 or longest > 40 or abs(len(said) - len(meant)) > 4:
        return 0.0
    spelling = 1.0 - edits(said, meant) / longest
    said_key, meant_key = sound_key(said), sound_key(meant)
    sound = 1.0 - edits(said_key, meant_key) / max(len(said_key), len(meant_key), 1)
    # Sound alone forgives vowels, so it needs three consonants to weigh anything.
    weight = 0.5 if min(len(said_key), len(meant_key)) >= 3 else 0.25
    blended = (1 - weight) * spelling + weight * sound
    return min(0.99, max(blended, spelling))


@lru_cache(maxsize=4096)
def edits(a: str, b: str) -> int:
    """Edit distance with swaps of neighbours (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


_SOUNDS = (
    ("tch", "x"), ("sch", "sk"), ("ck", "k"), ("ph", "f"), ("gh", "g"), ("kn", "n"), ("wr", "r"), ("wh", "w"),
    ("qu", "kw"), ("ch", "x"), ("sh", "x"), ("th", "t"), ("ce", "se"), ("ci", "si"), ("cy", "sy"), ("c", "k"),
    ("q", "k"), ("z", "s"), ("v", "f"), ("d", "t"), ("b", "p"), ("g", "k"), ("j", "k"), ("ae", "e"),
)  # fmt: skip


@lru_cache(maxsize=4096)
def sound_key(word: str) -> str:
    """How a word sounds through a phone line: voiced and unvoiced alike, vowels dropped after the first,
    doubled letters once. A first vowel is "a" whichever it is."""
    for written, spoken in _SOUNDS:
        word = word.replace(written, spoken)
    key = ""
    for index, letter in enumerate(word):
        heard = letter
        if letter in "aeiouyhw":
            heard = "a" if index == 0 and letter in "aeiou" else ""
        if heard and not key.endswith(heard):
            key += heard
    return key
