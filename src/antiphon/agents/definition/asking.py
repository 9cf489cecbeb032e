"""The section of an agent file that has calls recorded, and what is said where it leaves out words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from antiphon.agents.definition.parts import Section, Words, fault
from antiphon.agents.definition.values import AskToRecord


def _place(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?", text):
        raise fault(f"{text!r} is not a place", "write ISO 3166: US-NY, or DE")
    return text


class AskToRecordSection(Section):
    """A question before anything is recorded. Words left out are ours, in en, es, fr and de."""

    place: Annotated[str, AfterValidator(_place)] | None = Field(
        default=None, description="Where you record, ISO 3166-2 (US-NY); without it everybody is asked"
    )
    question: Words | None = Field(default=None, description="It must name the keys 1 (yes) and 2 (no)")
    again: Words | None = Field(default=None, description="When the answer was neither yes nor no")
    agreed: Words | None = None
    declined: Words | None = None
    proceed: Words | None = Field(default=None, description="Gives the caller the floor after the answer")
    announcement: Words | None = Field(
        default=None, description="Said in place of the question where telling is enough"
    )


class RecordingSection(Section):
    """Exactly one of `after` and `ask`."""

    after: Words | None = Field(
        default=None,
        description="The disclosure that tells the caller; he must have heard it to its end before it begins",
    )
    ask: AskToRecordSection | None = None
    retain_days: Annotated[int, Field(ge=1, le=3650)] = 90

    @model_validator(mode="after")
    def _one(self) -> RecordingSection:
        if (self.after is None) == (self.ask is None):
            raise fault("nobody is told, or twice", "give it exactly one of `after:` and `ask:`")
        return self


_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "question": "May I record this call? Please say yes or no, or press 1 for yes or 2 for no.",
        "again": "I'm sorry, I first need to know whether I may record this call. Yes or no?",
        "agreed": "Thank you.",
        "declined": "All right, this call is not recorded.",
        "proceed": "How can I help you?",
    },
    "es": {
        "question": "¿Puedo grabar esta llamada? Diga sí o no, o pulse 1 para sí o 2 para no.",
        "again": "Disculpe, primero necesito saber si puedo grabar esta llamada. ¿Sí o no?",
        "agreed": "Gracias.",
        "declined": "De acuerdo, esta llamada no se graba.",
        "proceed": "¿En qué puedo ayudarle?",
    },
    "fr": {
        "question": "Puis-je enregistrer cet appel ? Dites oui ou non, ou tapez 1 pour oui ou 2 pour non.",
        "again": "Excusez-moi, je dois d'abord savoir si je peux enregistrer cet appel. Oui ou non ?",
        "agreed": "Merci.",
        "declined": "Entendu, cet appel n'est pas enregistré.",
        "proceed": "Comment puis-je vous aider ?",
    },
    "de": {
        "question": "Darf ich diesen Anruf aufzeichnen? Sagen Sie ja oder nein, oder drücken Sie 1 für ja"
        " oder 2 für nein.",
        "again": "Verzeihung, zuerst muss ich wissen, ob ich diesen Anruf aufzeichnen darf. Ja oder nein?",
        "agreed": "Danke.",
        "declined": "In Ordnung, dieser Anruf wird nicht aufgezeichnet.",
        "proceed": "Wie kann ich Ihnen helfen?",
    },
}


def missing_words(given: Mapping[str, Any], language: str) -> list[str]:
    """Which words somebody must write for an agent of this language."""
    ours = _WORDS.get(_family(language), {})
    return [name for name in _WORDS["en"] if not given.get(name) and name not in ours]


def asked_with(given: Mapping[str, Any], language: str) -> AskToRecord:
    """The words of the file, and ours for what it leaves out. There are none missing."""
    ours = _WORDS.get(_family(language), {})
    words = {name: str(given.get(name) or ours[name]) for name in _WORDS["en"]}
    return AskToRecord(place=given["place"] or "", announcement=given["announcement"] or "", **words)


def _family(language: str) -> str:
    return language.split("-", maxsplit=1)[0].lower()
