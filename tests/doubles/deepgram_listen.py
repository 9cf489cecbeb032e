"""Deepgram's listening sockets: Nova on `/v1/listen`, Flux on `/v2/listen`. Hears coded speech.

Written from the message types of deepgram-sdk 7.17.0, which every message is checked against, and from the
pages on Finalize, Configure, Audio Keep Alive and the Flux state machine (read 2026-11-25).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deepgram.listen.v1.types import (
    ListenV1Configure,
    ListenV1ConfigureSuccess,
    ListenV1Metadata,
    ListenV1Results,
    ListenV1SpeechStarted,
)
from deepgram.listen.v2.types import ListenV2Configure, ListenV2ConfigureSuccess, ListenV2Connected
from deepgram.listen.v2.types import ListenV2TurnInfo as TurnInfo
from tests.doubles.coded_speech import CodedEar, HeardWord
from tests.doubles.faults import Fault
from tests.doubles.sdk_types import checked
from tests.doubles.socket_vendor import KEY, Peer, SocketVendor

REQUEST_ID = "2f0f8a4e-0000-4000-8000-000000000000"
# Silence after which a vendor that decides by itself sees the end of a turn.
TURN_SILENCE_MS = 300


@dataclass(slots=True, kw_only=True)
class Habits:
    """How the recogniser behaves, beyond faults.

    Attributes:
        freeze_every: Words after which Nova freezes a piece by itself; 0: only when asked.
        answers_nothing: `Finalize` with nothing left to flush gets no answer, as Deepgram may do.
        eager: Flux says that the turn is probably over, then that it was not, before it ends.
    """

    freeze_every: int = 0
    answers_nothing: bool = False
    eager: bool = False


def deepgram_listen(habits: Habits | None = None, **settings: Any) -> SocketVendor:
    habits = habits or Habits()

    async def talk(peer: Peer) -> None:
        if peer.path == "/v1/listen":
            await _Nova(peer, habits).run()
        elif peer.path == "/v2/listen":
            await _Flux(peer, habits).run()

    return SocketVendor(
        talk=talk,
        authorised=lambda headers, query: headers.get("Authorization") == f"Token {KEY}",
        check=_check_query,
        close_code=(1011, "NET-0001"),
        malformed='{"type": "Results", "channel": 7}',
        **settings,
    )


_NOVA_PARAMETERS = {
    "model", "language", "encoding", "sample_rate", "channels", "interim_results", "smart_format",
    "endpointing", "vad_events", "keyterm", "keywords", "punctuate", "no_delay", "filler_words",
    "profanity_filter", "numerals", "mip_opt_out",
}  # fmt: skip
_FLUX_PARAMETERS = {
    "model", "encoding", "sample_rate", "eot_threshold", "eager_eot_threshold", "eot_timeout_ms", "keyterm",
    "language_hint",
}  # fmt: skip


def _check_query(peer: Peer) -> None:
    known = {"/v1/listen": _NOVA_PARAMETERS, "/v2/listen": _FLUX_PARAMETERS}[peer.path]
    assert set(peer.query) <= known, f"unknown parameters {set(peer.query) - known}"
    assert peer.query["encoding"] == ["linear16"]
    assert int(peer.query["sample_rate"][0]) in {8000, 16000, 24000, 32000, 48000}
    for flag in ("interim_results", "smart_format", "vad_events"):
        assert peer.query.get(flag, ["true"])[0] in {"true", "false"}, f"{flag} is no boolean of theirs"
    if not peer.query["model"][0].startswith(("nova-3", "flux")):
        assert "keyterm" not in peer.query, "key terms are of Nova-3"
    assert all(term and "," not in term for term in peer.query.get("keyterm", []))


class _Nova:
    def __init__(self, peer: Peer, habits: Habits) -> None:
        self._peer, self._habits = peer, habits
        self._ear = CodedEar(int(peer.query["sample_rate"][0]))
        self._endpointing = peer.query.get("endpointing", ["10"])[0]
        self._frozen = 0  # Words.
        self._frozen_ms = 0
        self._said = 0
        self._started = False

    async def run(self) -> None:
        async for message in self._peer.messages():
            if isinstance(message, bytes):
                await self._audio(message)
                continue
            match message["type"]:
                case "Finalize":
                    await self._finalize()
                case "Configure":
                    await self._configure(message)
                case "CloseStream":
                    await self._close()
                    return
                case other:
                    assert other == "KeepAlive", f"they know no {other}"

    async def _audio(self, pcm: bytes) -> None:
        self._ear.push(pcm)
        words = self._ear.words
        if len(words) == self._said:
            if self._endpointing != "false" and self._unfrozen and self._silence_ms >= TURN_SILENCE_MS:
                await self._results(frozen=True, speech_final=True)
                self._started = False
            return
        if not self._started and "vad_events" in self._peer.query:
            self._started = True
            stamp = words[self._said].start_ms / 1000
            event = {"type": "SpeechStarted", "channel": [0, 1], "timestamp": stamp}
            await self._peer.send(checked(ListenV1SpeechStarted, event))
        self._said = len(words)
        full = self._habits.freeze_every and len(self._unfrozen) >= self._habits.freeze_every
        await self._results(frozen=bool(full))

    @property
    def _unfrozen(self) -> list[HeardWord]:
        return self._ear.words[self._frozen :]

    @property
    def _silence_ms(self) -> int:
        return self._ear.heard_ms - self._ear.words[-1].end_ms if self._ear.words else 0

    async def _finalize(self) -> None:
        if self._habits.answers_nothing and not self._unfrozen:
            await self._results(frozen=False)
            return
        await self._results(frozen=True, from_finalize=True)

    async def _results(
        self, *, frozen: bool, from_finalize: bool = False, speech_final: bool = False
    ) -> None:
        words = [] if self._peer.fault is Fault.NO_RESULT else self._unfrozen
        start_ms = self._frozen_ms
        message = {
            "type": "Results",
            "channel_index": [0, 1],
            "start": start_ms / 1000,
            "duration": (self._ear.heard_ms - start_ms) / 1000,
            "is_final": frozen,
            "speech_final": speech_final,
            "from_finalize": from_finalize,
            "channel": {
                "alternatives": [
                    {
                        "transcript": " ".join(word.text for word in words),
                        "confidence": 0.9 if words else 0.0,
                        "words": [_nova_word(word) for word in words],
                    }
                ]
            },
            "metadata": {
                "request_id": REQUEST_ID,
                "model_uuid": REQUEST_ID,
                "model_info": {"name": "general-nova-3", "version": "2026-01-01.0", "arch": "nova-3"},
            },
        }
        if frozen:
            self._frozen, self._frozen_ms = len(self._ear.words), self._ear.heard_ms
        await self._peer.send(checked(ListenV1Results, message))

    async def _configure(self, message: dict[str, Any]) -> None:
        checked(ListenV1Configure, message)
        answer = {
            "type": "ConfigureSuccess",
            "request_id": REQUEST_ID,
            "keyterms": message["keyterms"],
        }
        await self._peer.send(checked(ListenV1ConfigureSuccess, answer))

    async def _close(self) -> None:
        metadata = {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": REQUEST_ID,
            "sha256": "0" * 64,
            "created": "2026-11-25T10:00:00Z",
            "duration": self._ear.heard_ms / 1000,
            "channels": 1,
        }
        await self._peer.send(checked(ListenV1Metadata, metadata))


def _nova_word(word: HeardWord) -> dict[str, Any]:
    return {
        "word": word.text,
        "punctuated_word": word.text,
        "start": word.start_ms / 1000,
        "end": word.end_ms / 1000,
        "confidence": 0.9,
    }


class _Flux:
    def __init__(self, peer: Peer, habits: Habits) -> None:
        self._peer, self._habits = peer, habits
        self._ear = CodedEar(int(peer.query["sample_rate"][0]))
        self._decides = float(peer.query.get("eot_threshold", ["0.7"])[0]) < 1.0
        self._eager = "eager_eot_threshold" in peer.query and habits.eager
        self._before = 0  # Words of earlier turns.
        self._turn = 0
        self._sequence = 0
        self._ongoing = False
        self._updated_ms = 0
        self._silence_from_ms = 0

    async def run(self) -> None:
        await self._send(ListenV2Connected, {"type": "Connected"})
        async for message in self._peer.messages():
            if isinstance(message, bytes):
                await self._audio(message)
                continue
            match message["type"]:
                case "ForceEndTurn":
                    if self._ongoing:  # "No turn in progress: the message is ignored."
                        await self._end("manual")
                case "Configure":
                    await self._configure(message)
                case other:
                    assert other == "CloseStream", f"they know no {other}"
                    return

    @property
    def _words(self) -> list[HeardWord]:
        return [] if self._peer.fault is Fault.NO_RESULT else self._ear.words[self._before :]

    async def _audio(self, pcm: bytes) -> None:
        known = len(self._words)
        self._ear.push(pcm)
        if len(self._words) > known:
            if not self._ongoing:
                self._ongoing = True
                await self._info("StartOfTurn")
            else:
                await self._info("Update")
        elif self._ear.heard_ms - self._updated_ms >= 250:
            await self._info("Update")
        if self._ongoing and self._decides:
            silence_ms = self._ear.heard_ms - self._words[-1].end_ms
            if silence_ms >= TURN_SILENCE_MS:
                await self._end("model")

    async def _end(self, trigger: str) -> None:
        if self._eager:
            self._eager = False
            await self._info("EagerEndOfTurn")
            await self._info("TurnResumed")
            await self._info("EagerEndOfTurn")
        await self._info("EndOfTurn", trigger=trigger)
        self._ongoing = False
        self._before = len(self._ear.words)
        self._turn += 1

    async def _info(self, event: str, trigger: str | None = None) -> None:
        self._updated_ms = self._ear.heard_ms
        words = self._words
        message: dict[str, Any] = {
            "type": "TurnInfo",
            "event": event,
            "turn_index": self._turn,
            "audio_window_start": words[0].start_ms / 1000 if words else 0.0,
            "audio_window_end": self._ear.heard_ms / 1000,
            "transcript": " ".join(word.text for word in words),
            "words": [
                {
                    "word": word.text,
                    "confidence": 0.8,
                    "start": word.start_ms / 1000,
                    "end": word.end_ms / 1000,
                }
                for word in words
            ],
            "end_of_turn_confidence": 0.9 if event == "EndOfTurn" else 0.2,
        }
        if trigger is not None:
            message["trigger"] = trigger
        await self._send(TurnInfo, message)

    async def _configure(self, message: dict[str, Any]) -> None:
        checked(ListenV2Configure, message)
        answer = {"type": "ConfigureSuccess", "thresholds": {}, "keyterms": message["keyterms"]}
        await self._send(ListenV2ConfigureSuccess, answer)

    async def _send(self, kind: Any, message: dict[str, Any]) -> None:
        numbered = {**message, "request_id": REQUEST_ID, "sequence_id": self._sequence}
        self._sequence += 1
        await self._peer.send(checked(kind, numbered))
