"""What a call to the clinic was charged for, beside what its vendors' doubles were asked for or given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.doubles.contexts_double import ContextsDouble
from tests.doubles.http_vendor import HttpRequest, HttpVendor
from tests.doubles.socket_vendor import SocketVendor

Charges = dict[tuple[str, str], tuple[int, int]]
# Audio travels in whole blocks: the last one before an end of speech is filled up with silence, and what is
# in none at the end of the call is not sent.
STT_SLACK_MS = 100
_TEXT_FIELDS = ("text", "input")


def charges(doubles: Mapping[tuple[str, str], Any], uses: Sequence[dict[str, Any]]) -> Charges:
    """By role and name, where the double knows: (charged, asked or given). Requests of models, characters of
    voices, ms of audio of recognisers."""
    found = {}
    for (role, name), double in doubles.items():
        mine = [use for use in uses if (use["role"], use["provider"]) == (role, name)]
        if role == "llm":
            found[role, name] = len(mine), len(double.wire.asked)
        elif role == "tts" and (asked := _characters(double)) is not None:
            found[role, name] = sum(use["characters"] for use in mine), asked
        elif role == "stt" and (given_ms := _audio_ms(double)) is not None:
            found[role, name] = sum(use["audio_ms"] for use in mine), given_ms
    return found


def disputed(found: Charges, *, ends_of_speech: int) -> Charges:
    """Those in which the two sides do not agree."""
    slack = {"stt": STT_SLACK_MS * (ends_of_speech + 1)}
    return {
        (role, name): (charged, given)
        for (role, name), (charged, given) in found.items()
        if abs(charged - given) > slack.get(role, 0)
    }


def _characters(double: Any) -> int | None:
    if isinstance(double, ContextsDouble):
        return sum(len(sentence.text.strip()) for sentence in double.requests)
    if isinstance(double, HttpVendor):
        return sum(len(_text(request)) for request in double.requests)
    return None


def _text(request: HttpRequest) -> str:
    (text,) = (request.json[name] for name in _TEXT_FIELDS if name in request.json)
    return str(text)


def _audio_ms(double: Any) -> int | None:
    """Of recognisers that are sent plain samples at a rate their address tells."""
    if not isinstance(double, SocketVendor) or not all("sample_rate" in peer.query for peer in double.peers):
        return None
    rates = [int(peer.query["sample_rate"][0]) for peer in double.peers]
    return sum(len(peer.audio) * 500 // rate for peer, rate in zip(double.peers, rates, strict=True))
