"""A yes is only taken for one when it was one, in the languages we know words of, and by keys in any."""

from __future__ import annotations

import pytest

from antiphon.agents.extract.agreement import LANGUAGES, find_agreement
from antiphon.agents.keys import keys_alone


@pytest.mark.parametrize(
    ("language", "text", "answer"),
    [
        ("en-US", "Yes.", True),
        ("en-US", "Okay", True),
        ("en-GB", "Yeah, that's fine.", True),
        ("en-US", "No thanks.", False),
        ("en-US", "I'd rather not", False),
        ("en-US", "Right, I need an appointment", None),
        ("en-US", "I need an appointment", None),
        ("es-MX", "Sí", True),
        ("es-ES", "Sí, claro, no hay problema", True),
        ("es-ES", "Vale", True),
        ("es-US", "Claro que no", False),
        ("es-US", "No, gracias", False),
        ("es-US", "Eh, pues prefiero que no", False),
        ("es-US", "Sí... no, mejor no", None),
        ("es-US", "Quisiera una cita", None),
        ("fr-FR", "Oui, bien sûr", True),
        ("fr-FR", "D'accord", True),
        ("fr-CA", "Ça ne me dérange pas", True),
        ("fr-FR", "Euh, non merci", False),
        ("fr-FR", "Je ne veux pas", False),
        ("fr-FR", "Je préfère pas", False),
        ("fr-FR", "Je voudrais un rendez-vous", None),
        ("de-DE", "Ja, gerne", True),
        ("de-AT", "Ich habe nichts dagegen", True),
        ("de-DE", "Nein, lieber nicht", False),
        ("de-CH", "Lieber nicht", False),
        ("de-DE", "Ja, äh, nein", None),
        ("de-DE", "Ich brauche einen Termin", None),
        ("it-IT", "Sì", None),
        ("it-IT", "dtmf:1", True),
        ("it-IT", "dtmf:2#", False),
        ("en-US", "dtmf:3", None),
        ("de-DE", "dtmf:12", None),
        ("de-DE", "", None),
    ],
)
def test_answers(language: str, text: str, answer: bool | None) -> None:
    found = find_agreement(text, language)
    assert (found.value if found is not None else None) is answer


def test_what_follows_the_answer_is_left() -> None:
    found = find_agreement("Ja, gerne, ich brauche einen Termin", "de")
    assert found is not None
    assert found.text == "Ja, gerne"


def test_the_languages_are_those_words_are_shaped_for() -> None:
    assert {"en", "es", "fr", "de"} == LANGUAGES


def test_keys_among_words_are_no_answer_by_themselves() -> None:
    assert keys_alone("dtmf:1#") == "1#"
    assert keys_alone("dtmf:1 no please don't") == keys_alone("it is dtmf:1") == ""
