"""What a call says of itself: the rating its caller gave, and signs of trouble that nobody put into words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from antiphon.agents.tools.feedback import RATE, RATING_MAX, RATING_MIN
from antiphon.runtime.records.story import CallStory, TurnStory

HUNG_UP_MID_REPLY: Final = "hung_up_mid_reply"
REPEATED: Final = "repeated"  # The caller had to say something again.
ASKED_FOR_PERSON: Final = "asked_for_person"
INTERRUPTED_OFTEN: Final = "interrupted_often"
SILENT_END: Final = "silent_end"  # He spoke, and then no more until we gave up.
BADLY_RATED: Final = "badly_rated"
SIGNS: Final = (
    HUNG_UP_MID_REPLY,
    REPEATED,
    ASKED_FOR_PERSON,
    INTERRUPTED_OFTEN,
    SILENT_END,
    BADLY_RATED,
)

_INTERRUPTIONS_MANY: Final = 3
_BAD_RATING_MAX: Final = 2
_SAME_FROM: Final = 0.8  # Of the words of both turns.
_WORDS_MIN: Final = 3  # "Yes." twice is no repetition.
_WITHIN_TURNS: Final = 2
_WORD: Final = re.compile(r"\w+")
_PERSON: Final = re.compile(
    r"\b(?:speak|talk|get|put|connect|transfer)\b[^.?!]{0,30}\b(?:to|with|through)\b[^.?!]{0,20}"
    r"\b(?:human|person|people|someone|somebody|representative|operator|receptionist|real)\b"
    r"|\b(?:real|live|actual) (?:human|person|agent)\b|\brepresentative\b|^\W*(?:operator|agent|human)\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """1 to 5; the last one given, should there be several."""

    value: int
    comment: str
    at_ms: int


def rating_of(story: CallStory) -> Rating | None:
    """What the caller rated, by voice or key; None where he did not."""
    given = [tool for tool in story.tools.values() if tool.name == RATE and tool.ok]
    if not given:
        return None
    try:
        arguments = msgspec.json.decode(given[-1].arguments)
        value = int(arguments["rating"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None
    if not RATING_MIN <= value <= RATING_MAX:
        return None
    return Rating(value=value, comment=str(arguments.get("comment", "")), at_ms=given[-1].requested_at_ms)


def signs_of(story: CallStory) -> tuple[str, ...]:
    """Signs of trouble, in the order of `SIGNS`."""
    rating = rating_of(story)
    barge_ins = sum(item.barge_in for item in story.interruptions)
    seen = {
        HUNG_UP_MID_REPLY: _hung_up_mid_reply(story),
        REPEATED: _repeated(story.turns),
        ASKED_FOR_PERSON: any(_PERSON.search(turn.heard_as) for turn in story.turns),
        INTERRUPTED_OFTEN: barge_ins >= _INTERRUPTIONS_MANY,
        SILENT_END: bool(story.turns) and story.outcome == "silence",
        BADLY_RATED: rating is not None and rating.value <= _BAD_RATING_MAX,
    }
    return tuple(sign for sign in SIGNS if seen[sign])


def _hung_up_mid_reply(story: CallStory) -> bool:
    if story.end is None or story.end[1] != "caller_hangup":
        return False
    ended_ms = story.end[0]
    return any(
        reply.audible_at_ms is not None and not reply.complete and reply.ended_at_ms in (None, ended_ms)
        for reply in story.replies.values()
    )


def _repeated(turns: list[TurnStory]) -> bool:
    said = [frozenset(_WORD.findall(turn.heard_as.casefold())) for turn in turns]
    for place, words in enumerate(said):
        for earlier in said[max(0, place - _WITHIN_TURNS) : place]:
            shared, both = len(words & earlier), len(words | earlier)
            if min(len(words), len(earlier)) >= _WORDS_MIN and shared >= _SAME_FROM * both:
                return True
    return False
