"""What machines, menus and people say is told apart by a few words, as small recognisers write them."""

from __future__ import annotations

import pytest

from antiphon.calls.amd.wording import Wording, read

SAYINGS = [
    (Wording.HELLO, "en-US", ["Hello?", "hi", "Yes.", "Good morning, Miller residence.", "This is Linda."]),
    (Wording.PERSON, "en-US", ["Who's calling, please?", "Acme, how can I help you?", "Dave speaking."]),
    (
        Wording.TAPE,
        "en-US",
        ["leave it after the tone", "I can't come to the phone", "Please leave me a message"],
    ),
    (
        Wording.MACHINE,
        "en-US",
        ["leave your name and number", "I'll get back to you", "It's my voicemail"],
    ),
    (
        Wording.CARRIER,
        "en-US",
        [
            "The number you have dialed is not in service.",
            "the mailbox is full",
            "cannot be completed as dialed",
        ],
    ),
    (
        Wording.IVR,
        "en-US",
        [
            "For English, press one.",
            "Please stay on the line",
            "Please say your name",
            "enter your account number",
        ],
    ),
    (Wording.PERHAPS_MACHINE, "en-US", ["You've reached the Millers.", "She is not available."]),
    (Wording.OTHER, "en-US", ["", "Tom Baker.", "The child almost hurt the small dog."]),
    (Wording.TAPE, "es-ES", ["Por favor, deje su mensaje después del tono."]),
    (Wording.IVR, "es-MX", ["Para ventas, oprima uno."]),
    (Wording.TAPE, "fr-FR", ["Veuillez laisser votre message après le bip sonore."]),
    (Wording.MACHINE, "de-DE", ["Bitte hinterlassen Sie eine Nachricht."]),
    (Wording.TAPE, "de-DE", ["Sprechen Sie bitte nach dem Signalton."]),
    (Wording.TAPE, "it-IT", ["Prego lasciare un messaggio dopo il segnale acustico."]),
    (Wording.HELLO, "it-IT", ["Pronto?"]),
    (Wording.TAPE, "de-DE", ["Please leave a message."]),
]


@pytest.mark.parametrize(
    ("wording", "language", "text"),
    [(wording, language, text) for wording, language, texts in SAYINGS for text in texts],
)
def test_a_saying_is_who_says_it(wording: Wording, language: str, text: str) -> None:
    assert read(text, language).wording is wording


def test_the_weightiest_words_count_wherever_they_stand() -> None:
    text = "Hello, thank you for calling. To leave a message press one, or wait for the tone."
    assert read(text, "en").wording in (Wording.TAPE, Wording.MACHINE)
    assert read("Hi, for sales press two", "en").wording is Wording.IVR


def test_the_words_that_decided_are_told() -> None:
    heard = read("Please LEAVE a message after the beep!", "en-US")
    assert (heard.phrase, heard.words) == ("after the beep", 7)
