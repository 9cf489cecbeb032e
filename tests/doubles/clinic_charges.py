"""What a call to the clinic was charged for, beside what its vendors' doubles have counted themselves: of
every vendor, the lost one too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.doubles import openai_transcription
from tests.doubles.azure_speech import AzureVoices, read
from tests.doubles.contexts_double import ContextsDouble
from tests.doubles.faults import Fault
from tests.doubles.google_grpc import GrpcVendor as GoogleVendor
from tests.doubles.http_vendor import HttpRequest, HttpVendor
from tests.doubles.rime_speech import RimeSocket
from tests.doubles.socket_vendor import Peer


@dataclass(frozen=True)
class Charge:
    """`charged` by the call's trace, `counted` by the vendor; up to `slack` nobody minds."""

    charged: int
    counted: int
    slack: int = 0

    @property
    def is_right(self) -> bool:
        return abs(self.charged - self.counted) <= self.slack


# By role, name and what is counted.
Charges = dict[tuple[str, str, str], Charge]
# What is on its way when a connection breaks, one side counts and the other does not.
IN_FLIGHT_MS = 200
REFUSED = frozenset({Fault.REFUSE, Fault.RATE_LIMIT, Fault.AUTH, Fault.CLOSE_CODE})
_ANSWERED = (Fault.NONE, Fault.SLOW_FIRST_BYTE)
_TEXT_FIELDS = ("text", "input")
_TOKENS = ("input_tokens", "cached_tokens", "output_tokens")


def charges(doubles: Mapping[tuple[str, str], Any], uses: Sequence[dict[str, Any]]) -> Charges:
    """Requests and tokens of models, characters of voices, ms of audio of recognisers."""
    found: Charges = {}
    for (role, name), double in doubles.items():
        mine = [use for use in uses if (use["role"], use["provider"]) == (role, name)]
        match role:
            case "llm":
                found[role, name, "requests"] = Charge(len(mine), _let_in(double))
                found[role, name, "tokens"] = _bills(double, mine)
            case "tts":
                charged = sum(use["characters"] for use in mine)
                found[role, name, "characters"] = Charge(charged, sum(map(len, _texts(double))))
            case "stt":
                given = [_given_ms(peer) for peer in double.peers]
                charged = sum(use["audio_ms"] for use in mine)
                slack_ms = IN_FLIGHT_MS * len(given)
                found[role, name, "audio_ms"] = Charge(charged, sum(given), slack_ms)
    return found


def disputed(found: Charges) -> Charges:
    """Those in which the two sides do not agree."""
    return {key: charge for key, charge in found.items() if not charge.is_right}


def session_tokens(
    name: str, uses: Sequence[Mapping[str, Any]], told: Sequence[Mapping[str, int]]
) -> Charges:
    """Of a speech-to-speech model, by kind of token; `told` is what each of its answers said it cost."""
    mine = [use for use in uses if use["role"] == "s2s"]
    kinds = sorted({kind for bill in told for kind in bill})
    return {
        ("s2s", name, kind): Charge(
            sum(use.get(kind, 0) for use in mine), sum(bill.get(kind, 0) for bill in told)
        )
        for kind in kinds
    }


def _let_in(double: Any) -> int:
    """Requests a model is paid for. A prompt that was only to be read and got no answer is nobody's: no
    vendor says what that costs."""
    dialect = double.wire.dialect
    free = set(REFUSED)
    refusal = dialect.refusal(Fault.CLOSE_CODE, double.faulty)
    if any(b'"usage"' in piece for piece in refusal.pieces):
        free.discard(Fault.CLOSE_CODE)  # It fails behind its word on what the prompt costs.
    return sum(
        fault in _ANSWERED or (fault not in free and not dialect.asked(request).reads_only)
        for request, fault in zip(double.requests, double.faults, strict=True)
    )


def _bills(double: Any, uses: Sequence[dict[str, Any]]) -> Charge:
    """Answers that came to their end, beside those whose tokens are the vendor's own, each bill paid once."""
    told = Counter((bill.prompt, bill.cached, bill.output) for bill in double.wire.bills)
    whole = [use for use in uses if not use.get("estimated")]
    paid = Counter(tuple(use[kind] for kind in _TOKENS) for use in whole)
    return Charge(len(whole), (paid & told).total())


def _texts(double: Any) -> list[str]:
    """All that a voice was asked to say, as far as it let the request in."""
    if isinstance(double, HttpVendor):
        asked = zip(double.requests, double.faults, strict=True)
        return [_text(request) for request, fault in asked if fault not in REFUSED]
    if isinstance(double, ContextsDouble):
        # Garbage comes before any sound, and is not waited out.
        unsaid = REFUSED | {Fault.MALFORMED, Fault.NO_RESULT}
        return [sentence.text.strip() for sentence in double.requests if sentence.fault not in unsaid]
    assert isinstance(double, RimeSocket | AzureVoices | GoogleVendor)
    return [request.text for request in double.requests if not request.silent]


def _text(request: HttpRequest) -> str:
    (text,) = (request.json[name] for name in _TEXT_FIELDS if name in request.json)
    return str(text)


def _given_ms(peer: Any) -> int:
    """What a recogniser was given on one connection, at the rate it was told in its own way."""
    if isinstance(peer, Peer):
        if "sample_rate" in peer.query:
            return _ms(peer.audio, int(peer.query["sample_rate"][0]))
        if peer.of_type("session.update"):
            return _ms(openai_transcription.sent_audio(peer), openai_transcription.RATE_HZ)
        return _azure_ms(peer)
    rate_hz, pcm = 8_000, b""
    for message in peer.received:
        if audio := getattr(message, "audio", b"") or getattr(message, "audio_content", b""):
            pcm += audio
        elif hasattr(message, "recognizer"):
            rate_hz = message.streaming_config.config.explicit_decoding_config.sample_rate_hertz
        else:
            rate_hz = message.config.sample_rate_hertz  # Riva's.
    return _ms(pcm, rate_hz)


def _azure_ms(peer: Peer) -> int:
    bodies = [read(message).body for message in peer.received if isinstance(message, bytes)]
    rate_hz = next((int.from_bytes(body[24:28], "little") for body in bodies if body[:4] == b"RIFF"), 1)
    return _ms(b"".join(body for body in bodies if body[:4] != b"RIFF"), rate_hz)


def _ms(pcm: bytes, rate_hz: int) -> int:
    return len(pcm) * 500 // rate_hz
