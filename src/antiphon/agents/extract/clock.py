"""Clock times as spoken or written, each read at one place of the text; `times.py` adds "after" and such."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from antiphon.agents.extract.numbers import DIGIT_WORDS, TEENS, TENS, small_number
from antiphon.agents.extract.words import Words, gap_at, norm_at, phrase_at, phrases, says, word_set

# "at for": a recogniser's hour after a word that calls for one.
_HOUR_HOMOPHONES = {"for": 4, "to": 2, "too": 2, "ate": 8, "won": 1, "tan": 10}
_OCLOCK = phrases("o'clock|oclock|o clock")
_PAST = word_set("past after")
_TO = word_set("to of till before til")
_NOT_HOURS = word_set(
    "week weeks day days month months year years minute minutes hour hours people kids children times "
    "percent dollars of them appointments slots options street avenue th st nd rd point pills refills "
    "milligrams"
)


_MERIDIEM_PHRASES = {
    ("in", "the", "morning"): "am", ("in", "the", "afternoon"): "pm", ("in", "the", "evening"): "pm",
    ("at", "night"): "pm", ("this", "morning"): "am", ("this", "afternoon"): "pm",
    ("tomorrow", "morning"): "am", ("tomorrow", "afternoon"): "pm",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A time on a twelve-hour or twenty-four-hour dial, not yet placed in the day.

    Attributes:
        meridiem: "am", "pm" or "" where the caller left it open.
        certain: The words can only be a time ("half past two"); a bare number needs a cue around it.
    """

    hour: int
    minute: int
    meridiem: str = ""
    certain: bool = True

    def at(self, meridiem: str) -> time:
        """The time of day. Left open, hours from 7 to 11 are in the morning and the others after noon,
        because that is when people have appointments."""
        said = self.meridiem or meridiem
        if self.hour > 12 or self.hour == 0:
            return time(self.hour % 24, self.minute)
        if not said:
            said = "am" if 7 <= self.hour <= 11 else "pm"
        return time(self.hour % 12 + (12 if said == "pm" else 0), self.minute)


Match = tuple[Clock, int]


def clock_at(words: Words, i: int, *, cued: bool, dashed: bool = False) -> Match | None:
    """The time that starts at word `i`; `cued` when a word before it calls for one ("at", "before"),
    `dashed` when it is the end of "3-5 pm"."""
    match = _named(words, i) or _relative(words, i) or _hour_minute(words, i, cued=cued, dashed=dashed)
    if match is None:
        return None
    clock, after = match
    meridiem, end = _meridiem_after(words, after)
    if meridiem:
        return Clock(hour=clock.hour, minute=clock.minute, meridiem=meridiem), end
    return clock, end


def _named(words: Words, i: int) -> Match | None:
    j = i + 1 if norm_at(words, i) in {"12", "twelve"} else i
    hour = {"noon": 12, "midday": 12, "midnight": 0, "noontime": 12}.get(norm_at(words, j))
    return (Clock(hour=hour, minute=0, meridiem="pm" if hour else "am"), j + 1) if hour is not None else None


def _relative(words: Words, i: int) -> Match | None:
    """ "half past two", "quarter to four", "ten past nine", "twenty five to three"."""
    j = i + 1 if norm_at(words, i) == "a" and norm_at(words, i + 1) == "quarter" else i
    if norm_at(words, j) == "half" and norm_at(words, j + 1) in {"past", "passed", "after"}:
        minutes, j, sign = 30, j + 2, 1
    else:
        amount = (15, j + 1) if norm_at(words, j) == "quarter" else small_number(words, j)
        if amount is None:
            return None
        minutes, j = amount
        spoken_minutes = norm_at(words, j) in {"minutes", "minute"}
        j = j + 1 if spoken_minutes else j
        said = norm_at(words, j)
        sign = 1 if said in {*_PAST, "passed"} else -1
        usual = minutes in {5, 10, 15, 20, 25} or spoken_minutes
        if said not in {*_PAST, *_TO, "passed"} or not usual or minutes > 30:
            return None
        # "From nine to ten": only round minutes are counted towards an hour, and never after "from".
        if said in {"to", "before"} and norm_at(words, i - 1) in {"from", "between"}:
            return None
        j += 1
    hour = _hour(words, j, homophones=True)
    if hour is None:
        named = _named(words, j)
        hour = (named[0].hour or 12, named[1]) if named else None
    if hour is None:
        return None
    value, after = hour
    if sign < 0:
        return Clock(hour=(value - 2) % 12 + 1, minute=60 - minutes), after
    return Clock(hour=value, minute=minutes), after


def _hour(words: Words, i: int, *, homophones: bool) -> tuple[int, int] | None:
    number = small_number(words, i)
    if number is not None:
        # "Two thirty" must not become 230, nor "twenty one" an hour by accident of wording.
        return number if 1 <= number[0] <= 12 else None
    word = norm_at(words, i)
    if homophones and word in _HOUR_HOMOPHONES:
        return _HOUR_HOMOPHONES[word], i + 1
    return None


def _hour_minute(words: Words, i: int, *, cued: bool, dashed: bool = False) -> Match | None:
    word = norm_at(words, i)
    if i > 0 and not dashed and gap_at(words, i).endswith(("/", "-", ":", ".")) and words[i - 1].is_digits:
        return None  # Inside a date or a phone number.
    if word.isascii() and word.isdigit() and len(word) in {3, 4}:
        return _compact(words, i, cued=cued)
    hour = small_number(words, i)
    spoken = hour is not None and not words[i].is_digits
    homophone = False
    if hour is None and cued and word in _HOUR_HOMOPHONES and _ends_phrase(words, i + 1):
        hour, homophone = (_HOUR_HOMOPHONES[word], i + 1), True
    if hour is None or hour[0] > 23 or (spoken and not 1 <= hour[0] <= 12):
        return None
    value, j = hour
    if phrase_at(words, j, _OCLOCK):
        return Clock(hour=value, minute=0), j + phrase_at(words, j, _OCLOCK)
    minute = _minute(words, j, after_numeral=words[i].is_digits)
    if minute is not None:
        return (Clock(hour=value, minute=minute[0]), minute[1]) if value or minute[0] else None
    joined = gap_at(words, j).strip() == "/" or (gap_at(words, j) == "-" and len(norm_at(words, j)) > 2)
    if joined or norm_at(words, j) in _NOT_HOURS or not 1 <= value <= 12:
        return None
    return Clock(hour=value, minute=0, certain=homophone), j


def _minute(words: Words, i: int, *, after_numeral: bool) -> tuple[int, int] | None:
    """Minutes behind an hour: ":30", ".30", "thirty", "oh five", "forty five"; never a lone digit."""
    word, gap = norm_at(words, i), gap_at(words, i)
    if word.isascii() and word.isdigit():
        near = gap in {":", "."} or (gap == " " and int(word[:4]) % 5 == 0) or gap == ": "
        return (int(word), i + 1) if len(word) == 2 and int(word) < 60 and near else None
    if gap.strip() not in {"", "-", ":"}:
        return None
    if word in {"oh", "o", "zero"}:
        unit = DIGIT_WORDS.get(norm_at(words, i + 1))
        return (unit, i + 2) if unit is not None else None
    if (word in TEENS or (word in TENS and TENS[word] < 60)) and not after_numeral:
        number = small_number(words, i)
        following = norm_at(words, number[1]) if number else ""
        # "from nine ten to ten" is odd; "ten fifteen" is a time, "nine ten" too rare to trust unless cued.
        return number if number and following not in {"dollars", "percent"} else None
    return None


def _compact(words: Words, i: int, *, cued: bool) -> Match | None:
    """ "at 230", "1130 am"."""
    digits = norm_at(words, i)
    hour, minute = int(digits[:-2]), int(digits[-2:])
    meridiem, _ = _meridiem_after(words, i + 1)
    plausible = hour <= 23 and minute < 60 and (hour >= 1 or len(digits) == 4)
    lone = small_number(words, i + 1) is None and not norm_at(words, i + 1)[:1].isdigit()
    if not plausible or not lone or not (cued or meridiem) or (not meridiem and minute % 5):
        return None
    return Clock(hour=hour, minute=minute), i + 1


def _meridiem_after(words: Words, i: int) -> tuple[str, int]:
    """am or pm behind a time, with the index after it; ("", i) when it was not said."""
    j = i + phrase_at(words, i, _OCLOCK)
    word = norm_at(words, j)
    if word in {"am", "pm"} and (gap_at(words, j).strip(" .,") == ""):
        return word, j + 1
    if word in {"a", "p"} and norm_at(words, j + 1) in {"m", "em"}:
        return f"{word}m", j + 2
    for phrase, meridiem in _MERIDIEM_PHRASES.items():
        if says(words, j, phrase):
            # "Tomorrow" stays outside the span: it belongs to the date.
            return meridiem, j + len(phrase) if phrase[0] != "tomorrow" else j
    return "", j


def _ends_phrase(words: Words, i: int) -> bool:
    follows = norm_at(words, i)
    return (
        i >= len(words)
        or any(mark in gap_at(words, i) for mark in ".,;!?")
        or follows in {"pm", "am", "o'clock", "in", "on", "with", "please", "thirty", "fifteen", "or"}
    )
