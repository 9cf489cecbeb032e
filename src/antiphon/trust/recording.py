"""May this call be recorded? A recording begins with a `RecordingConsent`, and only the desk here makes one.

The caller is told first and in full, may refuse at any moment, and then nothing of the call is kept. Whether
going on after such an announcement is consent enough differs by place: the operator's lawyer must say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# "Do not record" in any of its usual forms, never "for the record" or "my medical records".
_OBJECT: Final = (
    r"(?:me|this|it|the call|this call|our call|my call|the conversation|this conversation|anything)"
)
_WISH: Final = r"(?:want|wish|like|agreed?|consent(?:ed)?|allow(?:ed)?)"
_REFUSALS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:don'?t|do not|please not|not to|never|stop) record(?:ing)?(?: {_OBJECT})?\b(?! that i)",
        rf"\b(?:don'?t|do not|never) {_WISH}\b.{{0,30}}\brecord(?:ed|ing)\b",
        r"\b(?:no|without|refuse|object to|against)(?: being| any| the| to)?(?: be)? record(?:ed|ing)\b",
        r"\b(?:turn|switch) (?:it |that |the recording |recording )?off\b.{0,20}(?:\brecord(?:ing|er)\b|$)",
        r"\b(?:delete|erase) (?:the|this|that|my|any) recording\b",
    )
)
_RECORDING: Final = re.compile(r"\brecord")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingConsent:
    """The permission to record one call, with its evidence.

    Attributes:
        basis: "announced": the caller heard the words to their end and went on.
        words: What he heard.
        at_ms: Call time from which on he may be recorded.
    """

    basis: str
    words: str
    at_ms: int


class ConsentDesk:
    """One call's. Told what the caller heard and said, it knows whether he may be recorded now.

    Args:
        announcement: The words that must be heard to their end.
    """

    def __init__(self, announcement: str) -> None:
        self._announcement = _plain(announcement)
        self.consent: RecordingConsent | None = None
        self.refused = False

    def heard(self, text: str, at_ms: int) -> RecordingConsent | None:
        """The caller heard this of the agent; the consent when it has just come about."""
        if self.refused or self.consent is not None or not self._announcement:
            return None
        if self._announcement not in _plain(text):
            return None
        self.consent = RecordingConsent(basis="announced", words=self._announcement, at_ms=at_ms)
        return self.consent

    def said(self, text: str) -> bool:
        """The caller said this; true when he has just refused. A refusal is for the whole call."""
        if self.refused or not refuses(text):
            return False
        self.refused, self.consent = True, None
        return True


def refuses(text: str) -> bool:
    """Do these words of a caller refuse to be recorded?"""
    plain = " ".join(re.sub(r"[^a-z' ]", " ", text.lower().replace("’", "'")).split())
    return bool(_RECORDING.search(plain)) and any(pattern.search(plain) for pattern in _REFUSALS)


def _plain(text: str) -> str:
    return " ".join(text.split())
