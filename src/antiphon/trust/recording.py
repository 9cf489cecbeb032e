"""May this call be recorded? A recording begins with a `RecordingConsent`, and only the desk here makes one.

The caller is told first and in full, or asked where telling is not enough (`jurisdictions.py`); he may refuse
at any moment, and then nothing of the call is kept.
"""

from __future__ import annotations

import re
import unicodedata
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
# The same in the other languages that words are shaped for, without accents; apostrophes part words.
_REFUSALS_ELSEWHERE: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # Spanish
        r"\bno (?:me |nos |lo |la |le |les )*(?:grabe[ns]?|graba[rd]|este[ns]? grabando)\b",
        r"\bno (?:quiero|quisiera|deseo|acepto|autorizo|permito|consiento|doy permiso)\b.{0,30}\bgraba\w*",
        r"\bno (?:quiero|quisiera|deseo) (?:que )?(?:me |nos |se |ser )+grab\w+",
        r"\b(?:sin|prohibo|me opongo a|me niego a) (?:que )?(?:me |nos |se |la |ser |una )*grab\w+",
        r"\b(?:deje|dejen|deja|pare|paren|para) de grabar\w*",
        r"\b(?:detenga|detengan|pare|paren|apague|apaguen|desactive|quite|borre|borren|elimine|eliminen) "
        r"(?:la|esta|esa|mi) grabacion",
        # French
        r"\b(?:ne |n )(?:m |me |nous |l |le |la )*enregistrez\b.{0,20}\b(?:pas|rien)\b",
        r"\b(?:ne |n )?(?:veux|souhaite|desire|voudrais|accepte|consens|autorise|permets) pas\b.{0,30}"
        r"\benregistr\w*",
        r"\b(?:sans|pas d) (?:etre |l |cet |un )*enregistr\w+",
        r"\b(?:pas|jamais) (?:(?:m |nous |l )?enregistrer|etre enregistr\w+|d enregistrement)\b",
        r"\b(?:arretez|arreter|cessez|stoppez|coupez|desactivez) (?:de |d |m |nous |l |cet )*enregistr\w+",
        r"\b(?:je )?(?:refuse|m oppose|suis contre)\b.{0,25}\benregistr\w*",
        r"\b(?:effacez|supprimez) (?:l |cet |mon )enregistrement",
        # German
        r"\b(?:nicht|nie|niemals|ungern)\b.{0,15}\b(?:aufnehmen|aufzeichnen|mitschneiden|aufgenommen|aufgezeichnet|"
        r"mitgeschnitten)\b",
        r"\b(?:nehmen|zeichnen|schneiden) sie\b.{0,30}\bnicht (?:auf|mit)\b",
        r"\b(?:keine|ohne|gegen (?:die|eine|jede)) (?:aufnahme|aufzeichnung)\b(?! erhalten| bekommen)",
        r"\b(?:keinen|ohne|gegen (?:den|einen)) mitschnitt\b",
        r"\b(?:stoppen|beenden|unterlassen|loschen|schalten)\b.{0,15}\b(?:aufnahme|aufzeichnung|mitschnitt)\b",
        r"\b(?:widerspreche|verweigere|untersage)\b.{0,20}\b(?:aufnahme|aufzeichnung|mitschnitt)\b",
    )
)
_RECORDING_ELSEWHERE: Final = re.compile(
    r"\b(?:grab|enregistr|aufnahme|aufnehmen|aufgenommen|aufzeichn|aufgezeichnet|mitschn|mitgeschn|auf\b|mit\b)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingConsent:
    """The permission to record one call, with its evidence.

    Attributes:
        basis: "announced": the caller heard the words to their end and went on; "asked": he said yes to them.
        words: What he heard.
        answer: What he said to them, or the key; "" where he was not asked.
        at_ms: Call time from which on he may be recorded.
    """

    basis: str
    words: str
    at_ms: int
    answer: str = ""


class ConsentDesk:
    """One call's. Told what the caller heard and said, it knows whether he may be recorded now.

    Args:
        announcement: The words that must be heard to their end; "" where telling is not enough.
        question: The words that must be heard and answered, where it is not; "" where nobody asks.
    """

    def __init__(self, announcement: str, question: str = "") -> None:
        self._announcement, self._question = _plain(announcement), _plain(question)
        self._asked = False
        self.consent: RecordingConsent | None = None
        self.refused = False

    def heard(self, text: str, at_ms: int) -> RecordingConsent | None:
        """The caller heard this of the agent; the consent when it has just come about."""
        if self._question and self._question in _plain(text):
            self._asked = True
        if self.refused or self.consent is not None or not self._announcement:
            return None
        if self._announcement not in _plain(text):
            return None
        self.consent = RecordingConsent(basis="announced", words=self._announcement, at_ms=at_ms)
        return self.consent

    def answered(self, answer: str, at_ms: int, *, agreed: bool) -> RecordingConsent | None:
        """The caller answered the question; the consent when that was a yes to all of it."""
        if not agreed:
            self.refused, self.consent = True, None
        if self.refused or not self._asked or self.consent is not None:
            return None
        self.consent = RecordingConsent(basis="asked", words=self._question, at_ms=at_ms, answer=answer)
        return self.consent

    def said(self, text: str) -> bool:
        """The caller said this; true when he has just refused. A refusal is for the whole call."""
        if self.refused or not refuses(text):
            return False
        self.refused, self.consent = True, None
        return True


def refuses(text: str) -> bool:
    """Do these words of a caller refuse to be recorded? In English, Spanish, French or German."""
    lower = text.lower().replace("’", "'")
    plain = " ".join(re.sub(r"[^a-z' ]", " ", lower).split())
    if _RECORDING.search(plain) and any(pattern.search(plain) for pattern in _REFUSALS):
        return True
    bare = "".join(one for one in unicodedata.normalize("NFD", lower) if not unicodedata.combining(one))
    bare = " ".join(re.sub(r"[^a-z ]", " ", bare.replace("ß", "ss")).split())
    return bool(_RECORDING_ELSEWHERE.search(bare)) and any(
        pattern.search(bare) for pattern in _REFUSALS_ELSEWHERE
    )


def _plain(text: str) -> str:
    return " ".join(text.split())
