"""Messages of Azure's sockets, as our values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from antiphon.errors import ProviderError, ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.azure import frames, voice_wire, wire
from antiphon.providers.azure.client import AzureConfig
from antiphon.providers.azure.locales import LOCALES, locale
from antiphon.providers.azure.tts import AzureTts
from antiphon.providers.listening import Asked, Heard
from antiphon.speech.ports import TtsRequest, TurnEvent, TurnMoment

ASKED = Asked(sample_rate_hz=8_000, language="en-GB", terms=(), provider_turns=False)
TURNS = Asked(sample_rate_hz=8_000, language="en-GB", terms=(), provider_turns=True)
WORDS = [{"Word": "on", "Offset": 0, "Duration": 1_000_000}]
SAID: dict[str, Any] = {
    "RecognitionStatus": "Success",
    "Offset": 0,
    "Duration": 2_000_000,
    "DisplayText": "On.",
    "NBest": [{"Display": "On.", "Confidence": 0.8, "Words": WORDS}],
}


def told(path: str, body: Any = None) -> frames.Frame:
    return frames.Frame(path=path, request="r", body=b"" if body is None else json.dumps(body).encode())


def turn(asked: Asked = ASKED, base_ms: int = 0) -> wire.Turn:
    return wire.Turn("r", asked, base_ms)


def test_messages_are_read_as_they_are_written() -> None:
    said = frames.read(frames.text("ssml", "r1", "<speak>a\r\n\r\nb</speak>", "application/ssml+xml"))
    assert said == frames.Frame(path="ssml", request="r1", body=b"<speak>a\r\n\r\nb</speak>")
    sound = frames.read(frames.audio("r1", b"\r\n\r\n\x00"))
    assert sound == frames.Frame(path="audio", request="r1", body=b"\r\n\r\n\x00")


@pytest.mark.parametrize("raw", ["", "nonsense", "A:b\r\n\r\n{}", b"", b"\x00", b"\x00\x03Pat:audio"])
def test_what_does_not_say_what_it_is_is_a_protocol_error(raw: str | bytes) -> None:
    with pytest.raises(ProviderProtocolError):
        frames.read(raw)


def test_a_hypothesis_does_not_say_how_far_the_service_has_listened() -> None:
    started, heard = turn().heard(told("speech.hypothesis", {"Text": "hello", "Offset": 1, "Duration": 1}))
    assert started == TurnEvent(moment=TurnMoment.STARTED)
    assert isinstance(heard, Heard)
    assert (heard.text, heard.frozen, heard.heard_to_ms) == ("hello", False, None)


def test_a_phrase_is_dated_from_the_beginning_of_the_connection() -> None:
    _, heard, ended = turn(TURNS, 600).heard(told("speech.phrase", SAID))
    assert isinstance(heard, Heard)
    assert (heard.text, heard.frozen, heard.answers, heard.confidence) == ("On.", True, True, 0.8)
    assert (heard.word_ends_ms, heard.heard_to_ms, heard.frozen_to_ms) == ((700,), 800, 800)
    assert ended == TurnEvent(moment=TurnMoment.ENDED)


def test_a_phrase_is_no_answer_where_our_own_endpointing_decides() -> None:
    heard = turn().heard(told("speech.phrase", SAID))
    assert [each.answers for each in heard if isinstance(each, Heard)] == [False]


@pytest.mark.parametrize("status", ["NoMatch", "InitialSilenceTimeout", "BabbleTimeout"])
def test_sound_without_words_takes_back_what_was_guessed(status: str) -> None:
    one = turn()
    one.heard(told("speech.hypothesis", {"Text": "hm"}))
    (heard,) = one.heard(told("speech.phrase", {"RecognitionStatus": status}))
    assert isinstance(heard, Heard)
    assert (heard.text, heard.frozen, heard.answers) == ("", True, False)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("Error", ProviderUnavailable),
        ("TooManyRequests", ProviderUnavailable),
        ("BadRequest", ProviderRejected),
        ("Forbidden", ProviderRejected),
        ("Strange", ProviderProtocolError),
    ],
)
def test_a_phrase_may_be_a_failure(status: str, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        turn().heard(told("speech.phrase", {"RecognitionStatus": status}))


@pytest.mark.parametrize(
    "said", [{}, {"RecognitionStatus": 3}, {**SAID, "Offset": "late"}, {**SAID, "NBest": "?"}, "?"]
)
def test_what_is_not_documented_is_a_protocol_error(said: Any) -> None:
    with pytest.raises(ProviderProtocolError) as caught:
        turn().heard(told("speech.phrase", said))
    assert "On." not in str(caught.value)


def test_the_end_of_a_turn_answers_only_when_asked_and_keeps_the_last_words() -> None:
    one = turn(base_ms=100)
    one.sent_ms, one.closed, one.asked = 500, True, True
    one.heard(told("speech.hypothesis", {"Text": "on"}))
    (heard,) = one.heard(told("turn.end"))
    assert isinstance(heard, Heard)
    assert (heard.text, heard.frozen, heard.answers, heard.heard_to_ms) == ("on", True, True, 600)
    with pytest.raises(ProviderUnavailable, match="ended the turn"):
        turn().heard(told("turn.end"))


def test_what_the_service_said_is_told_back_to_it() -> None:
    one = turn()
    for _ in range(60):
        one.heard(told("speech.hypothesis", {"Text": "on"}))
    body = json.loads(frames.read(one.received.telemetry("r")).body)
    ((name, times),) = body["ReceivedMessages"][0].items()
    assert (name, len(times)) == ("speech.hypothesis", 50)


def test_key_terms_begin_with_what_is_expected_and_are_bounded() -> None:
    vocabulary = [f"word {number}" for number in range(600)]
    terms = wire.terms(vocabulary, ("nine", "x" * 101))
    assert terms[:2] == ("nine", "word 0")
    assert len(terms) == wire.KEY_TERMS_MAX


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "en-US"), ("EN", "en-US"), ("es-MX", "es-MX"), ("tlh", "tlh")]
)
def test_a_language_goes_out_with_a_region(language: str, expected: str) -> None:
    assert locale(language) == expected
    assert "zh-CN-sichuan" in LOCALES and len(LOCALES) == len(set(LOCALES))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (AzureConfig(key="k", region="westeurope"), "wss://westeurope.stt.speech.microsoft.com"),
        (AzureConfig(key="k", region="chinaeast2"), "wss://chinaeast2.stt.speech.azure.cn"),
        (AzureConfig(key="k", region="usgovvirginia"), "wss://usgovvirginia.stt.speech.azure.us"),
        (AzureConfig(key="k", url="http://here:1/"), "ws://here:1"),
        (AzureConfig(key="k", url="wss://here"), "wss://here"),
    ],
)
def test_every_region_has_an_address(config: AzureConfig, expected: str) -> None:
    assert config.address("stt") == expected
    assert "k" not in repr(config).split("key")[-1][:3]


def test_marks_go_out_as_they_are_and_plain_words_are_escaped() -> None:
    plain = TtsRequest(text="a < b & c", voice="en-US-AvaNeural", sample_rate_hz=8_000, speed=3.0)
    assert voice_wire.inside(plain) == '<prosody rate="2">a &lt; b &amp; c</prosody>'
    marked = TtsRequest(text="a", ssml="<break/>a", voice="en-US-AvaNeural", sample_rate_hz=8_000)
    assert voice_wire.inside(marked) == "<break/>a"
    assert 'xml:lang="en-US"' in voice_wire.ssml(marked)


@pytest.mark.parametrize(
    ("text", "ssml", "expected"),
    [
        ("hello there", "", 11),
        ("您好，请坐。", "", 4 * 2 + 2),  # Chinese punctuation is no Chinese character.
        ("東京タワーへ", "", 2 * 2 + 4),  # Kana count once.
        ("大韓民國 만세", "", 4 * 2 + 3),  # So does hangul.
        ("𠮷野家", "", 3 * 2),  # Beyond the basic plane one code point is one character.
        ("好 & 好", "", 2 * 2 + len(" &amp; ")),
        ("好", "<break/>好", len("<break/>") + 2),
    ],
)
def test_a_chinese_character_is_charged_twice_in_every_language(text: str, ssml: str, expected: int) -> None:
    request = TtsRequest(text=text, ssml=ssml, voice="zh-CN-XiaoxiaoNeural", sample_rate_hz=8_000)
    tts = AzureTts(AzureConfig(key="k", region="eastasia"))
    assert tts.characters(request) == expected


def test_only_words_are_dated() -> None:
    def mark(kind: str, text: str) -> dict[str, Any]:
        data = {"Offset": 10_000_000, "Duration": 1_000_000, "text": {"Text": text, "Length": len(text)}}
        return {"Type": kind, "Data": data}

    marks = [mark("WordBoundary", "on"), mark("SentenceBoundary", "on."), {"Type": "SessionEnd", "Data": {}}]
    said = voice_wire.read(told("audio.metadata", {"Metadata": marks}))
    assert list(said.times) == [("on", 1100)]
    with pytest.raises(ProviderProtocolError):
        voice_wire.read(told("audio.metadata", {"Metadata": "?"}))
