"""Nobody is recorded who was not told in full, and a refusal holds for the whole call."""

from __future__ import annotations

import pytest

from antiphon.trust.recording import ConsentDesk, refuses

WORDS = "This call is recorded so that we get better."


def test_consent_comes_when_the_announcement_was_heard_to_its_end() -> None:
    desk = ConsentDesk(WORDS)
    assert desk.heard("Willow Street. This call is recorded so that", 900) is None
    consent = desk.heard(f"Willow Street.  {WORDS} How can I help?", 4200)
    assert consent is not None
    assert (consent.basis, consent.at_ms) == ("announced", 4200)
    assert desk.heard(WORDS, 9000) is None, "one is enough"


def test_a_refusal_takes_the_consent_and_lets_no_other_come() -> None:
    desk = ConsentDesk(WORDS)
    assert desk.heard(WORDS, 4200)
    assert desk.said("please don't record this")
    assert desk.consent is None
    assert not desk.said("don't record this"), "told once"
    assert desk.heard(WORDS, 8000) is None


def test_who_refuses_before_he_was_told_is_not_recorded_either() -> None:
    desk = ConsentDesk(WORDS)
    assert desk.said("I do not want to be recorded.")
    assert desk.heard(WORDS, 5000) is None


def test_without_words_there_is_no_consent() -> None:
    assert ConsentDesk("  ").heard("anything", 1) is None


@pytest.mark.parametrize(
    "text",
    [
        "Please don't record this call.",
        "Don't record me",
        "I do not consent to being recorded",
        "I don't want this to be recorded.",
        "I don’t want to be recorded",
        "stop recording",
        "Stop recording me, please.",
        "Could you turn off the recording?",
        "turn the recording off",
        "No recording, please",
        "I'd like to go on without being recorded",
        "I refuse to be recorded",
        "I never agreed to be recorded",
        "delete the recording",
        "I object to any recording",
    ],
)
def test_refusals(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I'd like my medical records",
        "for the record, I was on time",
        "do you have a record of my visit",
        "is this call recorded",
        "yes, you can record this",
        "that's fine, record it",
        "I don't have my records with me",
        "I want to stop my appointment",
        "please don't forget my vaccination record",
        "can you turn off the music",
        "no, I need a copy of my record",
        "the recording said to press one",
    ],
)
def test_no_refusals(text: str) -> None:
    assert not refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "No quiero que me graben.",
        "Por favor, no grabe esta llamada",
        "no me grabe",
        "Prefiero sin grabación",
        "Deje de grabar",
        "Apague la grabación, por favor",
        "No acepto ser grabado",
        "No autorizo la grabación.",
        "Borre esa grabación",
        "Je ne veux pas être enregistré",
        "N’enregistrez pas cet appel",
        "Ne m'enregistrez pas, s'il vous plaît.",
        "Arrêtez l'enregistrement",
        "Je refuse d'être enregistrée",
        "Sans enregistrement, s'il vous plaît",
        "Je ne souhaite pas que vous m'enregistriez",
        "Pas d'enregistrement",
        "Merci de ne pas enregistrer",
        "Ich möchte nicht aufgenommen werden",
        "Bitte zeichnen Sie das Gespräch nicht auf.",
        "Keine Aufnahme, bitte",
        "Ich will nicht, dass Sie das aufzeichnen",
        "Bitte nehmen Sie das nicht auf",
        "Schalten Sie die Aufnahme aus",
        "ohne Aufzeichnung bitte",
        "Löschen Sie die Aufnahme",
        "Ich widerspreche der Aufzeichnung",
        "Bitte nicht mitschneiden",
    ],
)
def test_refusals_in_other_languages(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "Quiero una cita con el doctor",
        "Es un problema gravísimo, no puedo esperar",
        "¿Pueden grabar mi nombre?",
        "No sé si me grabaron en el sistema",
        "Je voudrais enregistrer un rendez-vous",
        "Je ne suis pas enregistré chez vous",
        "Mon dossier n'est pas enregistré",
        "Je n'ai pas enregistré votre numéro",
        "Ich möchte einen Termin aufnehmen",
        "Ich kann nicht, nehmen Sie mich in die Liste auf",
        "Ich habe keine Aufnahme erhalten",
        "Wann ist die Aufnahme im Krankenhaus?",
        "Ich komme ohne Auto",
    ],
)
def test_other_talk_in_other_languages_is_no_refusal(text: str) -> None:
    assert not refuses(text)


def test_who_is_asked_is_recorded_from_his_yes_on() -> None:
    desk = ConsentDesk("", "May I record this call?")
    assert desk.heard("Hello. May I record this call?", 3000) is None
    consent = desk.answered("Yes, sure.", 5200, agreed=True)
    assert consent is not None
    assert (consent.basis, consent.words, consent.answer, consent.at_ms) == (
        "asked", "May I record this call?", "Yes, sure.", 5200,
    )  # fmt: skip


def test_a_yes_to_a_question_that_was_not_heard_to_its_end_is_none() -> None:
    desk = ConsentDesk("", "May I record this call?")
    assert desk.heard("Hello. May I", 900) is None
    assert desk.answered("Yes.", 1000, agreed=True) is None


def test_after_a_no_no_yes_begins_a_recording() -> None:
    desk = ConsentDesk("", "May I record this call?")
    desk.heard("May I record this call?", 3000)
    assert desk.answered("No.", 5000, agreed=False) is None
    assert desk.refused
    assert desk.answered("Oh well, yes.", 9000, agreed=True) is None
