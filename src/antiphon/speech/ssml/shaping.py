"""From a marked text to what a voice is given: plain words for all, and SSML for those that take it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from antiphon.speech.shaping import shape
from antiphon.speech.shaping.reading.locale import paced
from antiphon.speech.ssml.parsing import Break, MarkupError, Node, Span, Words, has_markup, parse
from antiphon.speech.ssml.pronunciations import Dictionary, Pronunciation

# A longer pause ends the sentence for a voice that knows only punctuation.
_FULL_STOP_MS: Final = 800
_MARKS: Final = ".,;:?!"
# Stands for a marked word while the rest is shaped: a name no rule knows, so what is around it is read as
# around any name.
_STAND_IN: Final = re.compile(r"([Xx])qz([a-z]{2})k(?![a-z])")
_GROUPING: Final = {"en": ",", "es": ".", "de": ".", "fr": " "}
_ORDINAL_SIGN: Final = {"en": "th", "es": ".º", "de": "te", "fr": "e"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What is to be spoken. `ssml` is the inside of a <speak> element with the same words in the same order;
    "" where it would say no more than `text`."""

    text: str
    ssml: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Insert:
    """What a stand-in stands for."""

    text: str
    ssml: str
    marked: bool = False
    pause: str = ""


@dataclass(frozen=True, slots=True)
class Shaper:
    """Shapes an agent's texts in its language, with its dictionary."""

    language: str
    pronunciations: Sequence[Pronunciation] = ()
    _dictionary: Dictionary = field(init=False)

    def __post_init__(self) -> None:
        counting = [entry for entry in self.pronunciations if entry.counts_in(self.language)]
        object.__setattr__(self, "_dictionary", Dictionary(counting))

    def utterance(self, text: str) -> Utterance:
        """Words to speak for a written clause or sentence. Markup that does not parse is left out, never
        spoken. Never raises."""
        nodes: tuple[Node, ...] = (Words(text=text),)
        if has_markup(text):
            with suppress(MarkupError):  # What remains of a tag is cleaned away like any other.
                nodes = parse(text)
        inserts: list[_Insert] = []
        carrier = self._carrier(nodes, inserts)
        shaped = shape(carrier, self.language)
        return _filled(shaped, inserts) if inserts else Utterance(text=shaped)

    def _carrier(self, nodes: Iterable[Node], inserts: list[_Insert]) -> str:
        carrier = ""
        for node in nodes:
            match node:
                case Words():
                    for piece, entry in self._dictionary.split(node.text):
                        carrier += (
                            piece if entry is None else _stand_in(self._said(piece, entry), piece, inserts)
                        )
                case Break():
                    mark = "." if node.ms >= _FULL_STOP_MS else ","
                    pause = _Insert(text="", ssml=f'<break time="{node.ms}ms"/>', marked=True, pause=mark)
                    carrier += f" {_stand_in(pause, 'x', inserts)} "
                case Span():
                    insert = self._span(node)
                    carrier += _stand_in(insert, insert.text, inserts)
        return carrier

    def _said(self, written: str, entry: Pronunciation) -> _Insert:
        text = _one_word(entry.respelling, written) if entry.respelling else shape(written, self.language)
        if not entry.ipa:
            return _Insert(text=text, ssml=escape(text))
        return _Insert(text=text, ssml=_phoneme(entry.ipa, written), marked=True)

    def _span(self, node: Span) -> _Insert:
        written = _text_of(node.inner)
        match node.tag:
            case "sub":
                text = shape(node.attributes["alias"], self.language)
                return _Insert(text=text, ssml=escape(text))
            case "say-as":
                text = self._say_as(written, node.attributes["interpret-as"])
                return _Insert(text=text, ssml=escape(text))
            case "phoneme":
                text = shape(written, self.language)
                return _Insert(text=text, ssml=_phoneme(node.attributes["ph"], text), marked=True)
        inner_inserts: list[_Insert] = []
        shaped = shape(self._carrier(node.inner, inner_inserts), self.language)
        inner = _filled(shaped, inner_inserts)
        attributes = "".join(f" {key}={quoteattr(value)}" for key, value in node.attributes.items())
        ssml = f"<{node.tag}{attributes}>{inner.ssml or escape(inner.text)}</{node.tag}>"
        return _Insert(text=inner.text, ssml=ssml, marked=True)

    def _say_as(self, written: str, kind: str) -> str:
        language = self.language.replace("_", "-").partition("-")[0].lower()
        number = re.fullmatch(r"\s*(\d{1,15})\s*", written, re.ASCII)
        if kind in ("characters", "spell-out", "digits"):
            signs = [shape(sign, self.language) if sign.isdigit() else sign.upper() for sign in written]
            return paced([sign for sign in signs if sign.strip() and (sign.isalpha() or " " in sign)])
        if kind == "cardinal" and number:
            grouped = f"{int(number[1]):,}".replace(",", _GROUPING.get(language, ","))
            return shape(grouped, self.language)
        if kind == "ordinal" and number:
            return shape(f"{int(number[1])}{_ORDINAL_SIGN.get(language, '')}", self.language)
        return shape(written, self.language)


def _stand_in(insert: _Insert, like: str, inserts: list[_Insert]) -> str:
    first = next((character for character in like if character.isalpha()), "x")
    number = len(inserts) % 676
    inserts.append(insert)
    return f"{'X' if first.isupper() else 'x'}qz{chr(97 + number // 26)}{chr(97 + number % 26)}k"


def _filled(shaped: str, inserts: Sequence[_Insert]) -> Utterance:
    text, ssml, done = "", "", 0
    for found in _STAND_IN.finditer(shaped):
        number = (ord(found[2][0]) - 97) * 26 + ord(found[2][1]) - 97
        if number >= len(inserts):
            continue  # Somebody's own word after all.
        insert, between = inserts[number], shaped[done : found.start()]
        text, ssml, done = text + between, ssml + escape(between), found.end()
        if insert.pause:
            text = _paused(text, insert.pause, shaped[done:])
        text += insert.text
        ssml += insert.ssml
    text = " ".join((text + shaped[done:]).split())
    marked = any(insert.marked for insert in inserts)
    return Utterance(text=text, ssml=" ".join((ssml + escape(shaped[done:])).split()) if marked else "")


def _paused(text: str, mark: str, following: str) -> str:
    """With a mark, unless there is one already or nothing to keep apart."""
    text, following = text.rstrip(), following.lstrip()
    needed = bool(text and following) and text[-1] not in _MARKS and following[0] not in _MARKS
    return f"{text}{mark if needed else ''} "


def _one_word(respelling: str, written: str) -> str:
    """With no more words than are written, so that a voice's word times fit: "shi vawn" is "shi-vawn"."""
    words, places = respelling.split(), len(written.split())
    return " ".join([*words[: places - 1], "-".join(words[places - 1 :])])


def _phoneme(ipa: str, written: str) -> str:
    return f'<phoneme alphabet="ipa" ph={quoteattr(ipa)}>{escape(written)}</phoneme>'


def _text_of(nodes: Iterable[Node]) -> str:
    return "".join(
        node.text if isinstance(node, Words) else _text_of(node.inner) if isinstance(node, Span) else " "
        for node in nodes
    )
