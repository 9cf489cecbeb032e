"""What became of a call, in the five words that lists and metrics use."""

from __future__ import annotations

from typing import Final

from antiphon.runtime.records.story import CallStory

_FAILED: Final = frozenset({"error", "machine"})


def outcome_of(story: CallStory) -> str:
    """ "contained", "escalated", "abandoned" (the caller never spoke), "failed" or "unfinished"."""
    if story.escalation is not None or (story.end and story.end[1] == "escalated"):
        return "escalated"
    if story.end is None:
        return "unfinished"
    if story.end[1] in _FAILED:
        return "failed"
    return "contained" if story.turns else "abandoned"
