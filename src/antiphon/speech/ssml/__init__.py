"""Marked text: SSML of an author, a dictionary of pronunciations, and what a voice is given of both."""

from __future__ import annotations

from antiphon.speech.ssml.ipa import ipa_fault
from antiphon.speech.ssml.parsing import MarkupError, has_markup, parse
from antiphon.speech.ssml.plain import PlainText
from antiphon.speech.ssml.pronunciations import Pronunciation
from antiphon.speech.ssml.shaping import Shaper, Utterance

__all__ = [
    "MarkupError", "PlainText", "Pronunciation", "Shaper", "Utterance", "has_markup", "ipa_fault", "parse",
]  # fmt: skip
