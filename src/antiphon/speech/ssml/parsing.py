"""The SSML an agent's author may write: break, emphasis, say-as, phoneme, prosody, sub (in speak or not).

A small part of SSML 1.1 (W3C, 2010), parsed by our own rules: a bare "&" or "<" before a space is text, and
what is wrong is told with its place.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from antiphon.speech.ssml.ipa import ipa_fault

SAY_AS: Final = (
    "characters", "spell-out", "digits", "telephone", "cardinal", "ordinal", "date", "time", "currency",
)  # fmt: skip
BREAK_MAX_MS: Final = 10_000
# SSML 1.1, 3.2.3 names the strengths; how long each lasts is left to the voice.
_STRENGTH_MS: Final = {"none": 0, "x-weak": 100, "weak": 200, "medium": 350, "strong": 700, "x-strong": 1200}

_TAG: Final = re.compile(r"<(/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*)\s*(/?)>")
_LOOKS_LIKE_TAG: Final = re.compile(r"<(?=[A-Za-z/!?])")
_ATTRIBUTE: Final = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_TIME: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """An element with something inside."""

    tag: str
    attributes: Mapping[str, str]
    inner: tuple[Node, ...]


Node = Words | Break | Span


class MarkupError(ValueError):
    """What is wrong with a text's markup, where (line and column from 1), and how to put it right."""

    def __init__(self, text: str, at: int, message: str, fix: str) -> None:
        self.line = text.count("\n", 0, at) + 1
        self.column = at - (text.rfind("\n", 0, at) + 1) + 1
        self.message, self.fix = message, fix
        super().__init__(f"line {self.line}, column {self.column}: {message}")


def has_markup(text: str) -> bool:
    """Whether anything in it looks like a tag."""
    return _LOOKS_LIKE_TAG.search(text) is not None


def parse(text: str) -> tuple[Node, ...]:
    """The nodes of a marked text.

    Raises:
        MarkupError: It is not the declared part of SSML.
    """
    open_tags: list[tuple[str, int, Mapping[str, str], list[Node]]] = [("", 0, {}, [])]
    at = 0
    for start in (found.start() for found in _LOOKS_LIKE_TAG.finditer(text)):
        _add_words(open_tags[-1][3], text[at:start])
        tag = _TAG.match(text, start)
        if tag is None:
            raise MarkupError(text, start, _unreadable(text, start), 'write it like <break time="300ms"/>')
        _take(text, tag, open_tags)
        at = tag.end()
    _add_words(open_tags[-1][3], text[at:])
    if len(open_tags) > 1:
        name, start, _, _ = open_tags[-1]
        raise MarkupError(text, start, f"<{name}> is never closed", f"add </{name}>")
    return tuple(open_tags[0][3])


def _add_words(nodes: list[Node], text: str) -> None:
    if text:
        nodes.append(Words(text=html.unescape(text)))


def _unreadable(text: str, start: int) -> str:
    return f"{text[start : start + 20].splitlines()[0]!r} is not a whole tag"


def _take(
    text: str, tag: re.Match[str], open_tags: list[tuple[str, int, Mapping[str, str], list[Node]]]
) -> None:
    closing, name, written, empty = tag.groups()
    if name not in _RULES:
        known = ", ".join(f"<{known}>" for known in _RULES)
        raise MarkupError(text, tag.start(), f"<{name}> is not supported", f"use {known}, or remove it")
    if closing:
        _close(text, tag, open_tags)
        return
    attributes = {key: html.unescape(double or single) for key, double, single in _ATTRIBUTE.findall(written)}
    fault = _RULES[name](attributes)
    if fault:
        raise MarkupError(text, tag.start(), f"<{name}>: {fault[0]}", fault[1])
    if name == "break":
        if not empty:
            raise MarkupError(text, tag.start(), "<break> has nothing inside", "write <break/>")
        open_tags[-1][3].append(Break(ms=_break_ms(attributes)))
    elif not empty:
        open_tags.append((name, tag.start(), attributes, []))
    else:
        raise MarkupError(text, tag.start(), f"<{name}/> holds no words", f"write <{name} ...>words</{name}>")


def _close(
    text: str, tag: re.Match[str], open_tags: list[tuple[str, int, Mapping[str, str], list[Node]]]
) -> None:
    name, _, attributes, inner = open_tags[-1]
    if name != tag[2]:
        message = f"</{tag[2]}> closes nothing" if not name else f"</{tag[2]}> comes before </{name}>"
        raise MarkupError(text, tag.start(), message, "close what was opened last first")
    open_tags.pop()
    if name == "speak":
        open_tags[-1][3].extend(inner)
    else:
        open_tags[-1][3].append(Span(tag=name, attributes=attributes, inner=tuple(inner)))


def _break_ms(attributes: Mapping[str, str]) -> int:
    time = _TIME.fullmatch(attributes.get("time", ""))
    if time:
        return round(float(time[1]) * (1 if time[2] == "ms" else 1000))
    return _STRENGTH_MS[attributes.get("strength", "medium")]


# --- what each tag may carry: a message and a fix, or None --------------------------------------------------

Fault = tuple[str, str] | None
Check = Callable[[Mapping[str, str]], Fault]


def _only(attributes: Mapping[str, str], *allowed: str) -> Fault:
    for key in attributes:
        if key not in allowed:
            choice = ", ".join(allowed) or "none"
            return f"unknown attribute {key!r}", f"its attributes: {choice}"
    return None


def _one_of(attributes: Mapping[str, str], key: str, pattern: str, fix: str) -> Fault:
    value = attributes.get(key)
    if value is not None and not re.fullmatch(pattern, value):
        return f"{key}={value!r} is not allowed", fix
    return None


def _check_speak(attributes: Mapping[str, str]) -> Fault:
    return None  # Namespaces and versions change nothing here.


def _check_break(attributes: Mapping[str, str]) -> Fault:
    fault = _only(attributes, "time", "strength") or _one_of(
        attributes, "strength", "|".join(_STRENGTH_MS), f"one of {', '.join(_STRENGTH_MS)}"
    )
    if fault is None and "time" in attributes:
        fix = 'write time="300ms" or time="1.5s", at most 10s'
        if not _TIME.fullmatch(attributes["time"]) or _break_ms(attributes) > BREAK_MAX_MS:
            return f"time={attributes['time']!r} is not allowed", fix
    return fault


def _check_emphasis(attributes: Mapping[str, str]) -> Fault:
    levels = "strong|moderate|none|reduced"
    return _only(attributes, "level") or _one_of(
        attributes, "level", levels, f"one of {levels.replace('|', ', ')}"
    )


def _check_say_as(attributes: Mapping[str, str]) -> Fault:
    fix = f"interpret-as is one of {', '.join(SAY_AS)}"
    if "interpret-as" not in attributes:
        return "interpret-as is missing", fix
    return _only(attributes, "interpret-as", "format", "detail") or _one_of(
        attributes, "interpret-as", "|".join(SAY_AS), fix
    )


def _check_phoneme(attributes: Mapping[str, str]) -> Fault:
    if not attributes.get("ph"):
        return "ph is missing", 'write <phoneme ph="təˈmɑːtəʊ">tomato</phoneme>'
    fault = _only(attributes, "ph", "alphabet") or _one_of(
        attributes, "alphabet", "ipa", 'use alphabet="ipa"'
    )
    return fault or ipa_fault(attributes["ph"])


def _check_prosody(attributes: Mapping[str, str]) -> Fault:
    if not attributes:
        return "says nothing", "give it rate, pitch or volume"
    return (
        _only(attributes, "rate", "pitch", "volume")
        or _one_of(
            attributes, "rate", r"x-slow|slow|medium|fast|x-fast|default|\d{2,3}%", 'like "slow" or "80%"'
        )
        or _one_of(
            attributes, "pitch", r"x-low|low|medium|high|x-high|default|[+-]\d{1,2}(?:\.\d)?(?:%|st)",
            'like "low", "-10%" or "+2st"',
        )
        or _one_of(
            attributes, "volume", r"silent|x-soft|soft|medium|loud|x-loud|default|[+-]\d{1,2}(?:\.\d)?dB",
            'like "soft" or "+3dB"',
        )
    )  # fmt: skip


def _check_sub(attributes: Mapping[str, str]) -> Fault:
    if not attributes.get("alias", "").strip():
        return "alias is missing", 'write <sub alias="what is said">what is written</sub>'
    return _only(attributes, "alias")


_RULES: Final[Mapping[str, Check]] = {
    "break": _check_break,
    "emphasis": _check_emphasis,
    "say-as": _check_say_as,
    "phoneme": _check_phoneme,
    "prosody": _check_prosody,
    "sub": _check_sub,
    "speak": _check_speak,
}
