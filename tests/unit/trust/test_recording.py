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
