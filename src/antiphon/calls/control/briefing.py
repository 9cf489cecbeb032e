"""What the person is told before he takes a call: who is calling and why, in a few sentences."""

from __future__ import annotations

from antiphon.runtime.transfers import Wanted

SUMMARY_MAX = 400
_REASONS = {
    "asked_for_person": "The caller asked for a person.",
    "emergency": "This may be an emergency.",
    "trouble": "I could not help the caller.",
    "line_quality": "The line is too poor for me.",
}


def briefing(wanted: Wanted) -> tuple[str, ...]:
    """Sentence by sentence, so that the first is heard while the others are made."""
    definition = wanted.kit.definition
    said = [definition.escalation.briefing or f"This is {definition.persona.name}, the automated assistant."]
    if wanted.arrival.caller_number:
        said.append(f"I have a caller on the line, from {wanted.arrival.caller_number}.")
    else:
        said.append("I have a caller on the line.")
    said.append(_REASONS.get(wanted.reason, "The caller needs you."))
    summary = _short(wanted.summary)
    if summary:
        said.append(summary)
    return tuple(said)


def _short(summary: str) -> str:
    """A caller's words are data: no markup of them reaches the voice, and not too many of them."""
    plain = " ".join(summary.replace("<", " ").replace(">", " ").split())
    if len(plain) > SUMMARY_MAX:
        plain = plain[:SUMMARY_MAX].rsplit(" ", 1)[0] + "."
    return plain if not plain or plain[-1] in ".!?" else plain + "."
