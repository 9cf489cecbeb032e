"""Riva beyond the contract: a stream an utterance, servers of every age, and where a key may go."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from riva.client.proto import riva_asr_pb2 as asr
from tests.conformance.stt_vendors import HASTY, PATIENT, VENDORS, WAIT_S, Ear, push, say, settle
from tests.doubles.faults import Fault, Faulty
from tests.doubles.riva_listen import Habits, riva_listen
from tests.doubles.socket_vendor import KEY
from tests.doubles.tls import tls_for_localhost

from antiphon.errors import ConfigError, ProviderRejected, ProviderUnavailable
from antiphon.providers.grpc_failures import from_status
from antiphon.providers.listening import Asked, Heard, ListeningStream
from antiphon.providers.registry import Registry
from antiphon.providers.riva import vendor, wire
from antiphon.providers.riva.stt import RivaConfig, RivaStt
from antiphon.providers.roles import Role
from antiphon.speech.ports import SttConfig, TurnEvent, TurnMoment

PHONE = SttConfig(sample_rate_hz=8_000)
RIVA = next(each for each in VENDORS if each.name == "riva/default")


def configs(peer: object) -> list[object]:
    return [message for message in peer.received if hasattr(message, "config")]  # type: ignore[attr-defined]


async def heard(habits: Habits, *texts: str, config: SttConfig = PHONE) -> list[str]:
    ear = Ear()
    async with RIVA.bench(habits=habits) as (double, stt):
        stream = stt.open(config, ear)
        for number, text in enumerate(texts):
            await say(stream, text)
            await ear.final(number)
            stream.turn_committed()
        assert len(double.peers) == 1
        await stream.aclose()
    return [final.text for final in ear.finals]


async def test_a_server_that_does_not_tell_its_configuration_is_heard_all_the_same() -> None:
    assert await heard(Habits(says_config=False), "hello please") == ["hello please"]


async def test_streams_that_are_ended_while_they_rest_are_begun_again_by_the_next_word() -> None:
    ear = Ear()
    async with RIVA.bench(habits=Habits(ends_resting=True)) as (double, stt):
        stream = stt.open(PHONE, ear)
        assert isinstance(stream, ListeningStream)
        peer = await double.peer()
        async with asyncio.timeout(WAIT_S):
            await peer.until(lambda peer: peer.streams == 1)
        await settle(lambda: stream.counters.connections == 1)
        for _ in range(50):
            await asyncio.sleep(0)
        assert stream.failure is None, "a rest is no failure"
        await stream.aclose()


async def test_last_words_that_stay_interim_are_taken_when_the_stream_ends() -> None:
    assert await heard(Habits(leaves_last=True), "hello please", "yes") == ["hello please", "yes"]


async def test_every_utterance_has_a_stream_with_the_terms_of_its_time() -> None:
    ear = Ear()
    config = SttConfig(sample_rate_hz=8_000, vocabulary=("Garcia",))
    async with RIVA.bench() as (double, stt):
        stream = stt.open(config, ear)
        stream.speech_started()
        await push(stream, "hello please")
        await ear.until(lambda: bool(ear.partials))
        stream.expect(["monday"])
        stream.speech_stopped()
        await ear.final()
        await say(stream, "monday")
        await ear.final(1)
        peer = await double.peer()
        told = [[*each.config.speech_contexts[0].phrases] for each in configs(peer)]  # type: ignore[attr-defined]
        await stream.aclose()
    assert told[0] == ["Garcia"]
    assert told[-1] == ["monday", "Garcia"]


async def test_what_it_is_told_goes_out_in_its_own_fields() -> None:
    ear = Ear()
    async with riva_listen(Habits(models=("parakeet",))) as double:
        config = RivaConfig(
            url=double.url, key=KEY, boost=40, endpointing={"stop_history": 500, "stop_threshold": 0.9}
        )
        stream = RivaStt("parakeet", config, PATIENT).open(
            SttConfig(sample_rate_hz=48_000, language="de-DE", vocabulary=("Garcia",)), ear
        )
        peer = await double.peer()
        async with asyncio.timeout(WAIT_S):
            await peer.until(lambda peer: bool(configs(peer)))
        told = configs(peer)[0]
        await stream.aclose()
    assert told.interim_results  # type: ignore[attr-defined]
    config_told = told.config  # type: ignore[attr-defined]
    assert (config_told.model, config_told.language_code) == ("parakeet", "de-DE")
    assert config_told.sample_rate_hertz == 16_000, "no model hears more"
    assert config_told.speech_contexts[0].boost == 40
    assert config_told.endpointing_config.stop_history == 500
    assert config_told.endpointing_config.stop_threshold == pytest.approx(0.9)
    assert not config_told.endpointing_config.HasField("start_history"), "the model's own"


async def test_a_model_the_server_does_not_have_is_refused_before_anybody_speaks() -> None:
    async with riva_listen() as double:
        stream = RivaStt("parakeet", RivaConfig(url=double.url, key=KEY), HASTY).open(PHONE, Ear())
        assert isinstance(stream, ListeningStream)
        await settle(lambda: stream.failure is not None)
        assert isinstance(stream.failure, ProviderRejected)
        await stream.aclose()


@pytest.mark.parametrize("speaking", [False, True])
@pytest.mark.parametrize("fault", [Fault.NONE, Fault.HANG, Fault.CLOSE_CODE, Fault.AUTH, Fault.RATE_LIMIT])
async def test_no_connection_outlives_its_stream(fault: Fault, speaking: bool) -> None:
    async with RIVA.bench(Faulty(fault=fault), HASTY) as (double, stt):
        stream = stt.open(PHONE, Ear())
        assert isinstance(stream, ListeningStream)
        await settle(lambda: bool(double.refused or double.peers))
        if speaking:
            await say(stream, "hello please")
        await settle(lambda: bool(stream.failure or stream.counters.connections or not speaking))
        await stream.aclose()
        async with asyncio.timeout(WAIT_S):
            for connection in double.connections.values():
                await connection.gone.wait()


async def test_a_retry_after_is_kept_to() -> None:
    async with RIVA.bench(Faulty(fault=Fault.RATE_LIMIT, retry_after_s=7), HASTY) as (_, stt):
        stream = stt.open(PHONE, Ear())
        assert isinstance(stream, ListeningStream)
        await settle(lambda: stream.failure is not None)
        assert isinstance(stream.failure, ProviderUnavailable)
        assert stream.failure.retry_after_ms == 7_000
        await stream.aclose()


@pytest.mark.parametrize(("language", "told"), [("en", "en-US"), ("de", "de-DE"), ("en-GB", "en-GB")])
def test_a_language_goes_out_with_a_region(language: str, told: str) -> None:
    asked = Asked(sample_rate_hz=8_000, language=language, terms=(), provider_turns=False)
    config = wire.streaming_config(asr, asked, wire.Settings(model="", boost=20, endpointing={}))
    assert (config.config.language_code, config.config.model) == (told, "")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UNAUTHENTICATED", ProviderRejected),
        ("PERMISSION_DENIED", ProviderRejected),
        ("INVALID_ARGUMENT", ProviderRejected),
        ("NOT_FOUND", ProviderRejected),
        ("UNAVAILABLE", ProviderUnavailable),
        ("RESOURCE_EXHAUSTED", ProviderUnavailable),
        ("OUT_OF_RANGE", ProviderUnavailable),
        ("INTERNAL", ProviderUnavailable),
        ("ABORTED", ProviderUnavailable),
    ],
)
def test_a_status_says_who_must_act(code: str, kind: type[Exception]) -> None:
    assert type(from_status("riva", code)) is kind


def test_a_server_may_say_in_milliseconds_when_to_come_back() -> None:
    failure = from_status("riva", "UNAVAILABLE", [("grpc-retry-pushback-ms", "250"), ("x-bin", b"\0")])
    assert isinstance(failure, ProviderUnavailable)
    assert failure.retry_after_ms == 250


def response(*results: tuple[str, bool], processed_s: float = 1.0) -> object:
    return asr.StreamingRecognizeResponse(
        results=[
            asr.StreamingRecognitionResult(
                alternatives=[asr.SpeechRecognitionAlternative(transcript=text, confidence=-3.5)],
                is_final=final,
                audio_processed=processed_s,
            )
            for text, final in results
        ]
    )


def test_a_stable_and_an_unstable_part_are_one_text_and_a_logarithm_is_no_confidence() -> None:
    found = wire.Utterances(500, vendor_ends=False).heard(response((" hello", False), (" please ", False)))
    assert found[0] == TurnEvent(moment=TurnMoment.STARTED)
    assert isinstance(found[1], Heard)
    assert (found[1].text, found[1].confidence, found[1].heard_to_ms) == ("hello please", 1.0, 1_500)


def test_a_final_without_an_interim_is_a_whole_turn() -> None:
    found = wire.Utterances(0, vendor_ends=True).heard(response(("yes", True)))
    assert [type(each) for each in found] == [TurnEvent, Heard, TurnEvent]
    assert isinstance(found[1], Heard)
    assert found[1].answers


def test_a_response_without_words_says_nothing() -> None:
    silent = asr.StreamingRecognizeResponse(results=[asr.StreamingRecognitionResult(is_final=True)])
    assert wire.Utterances(0, vendor_ends=True).heard(silent) == []


@pytest.mark.parametrize(
    ("environment", "state"),
    [
        ({"ANTIPHON_RIVA_URL": "localhost:50051"}, "ready"),
        ({"NVIDIA_API_KEY": "k", "RIVA_FUNCTION_ID": "f"}, "ready"),
        ({"NVIDIA_API_KEY": "k"}, "missing: set ANTIPHON_RIVA_URL or RIVA_FUNCTION_ID"),
    ],
)
def test_an_address_or_a_key_and_a_function_are_needed(environment: dict[str, str], state: str) -> None:
    assert Registry(environment=environment).known_as(Role.STT, "riva/default").state == state


@pytest.mark.parametrize(
    ("url", "secure", "place"),
    [
        ("riva", False, "riva:50051"),
        ("http://riva:1", False, "riva:1"),
        ("https://riva:443/", True, "riva:443"),
        (vendor.CLOUD_URL, True, "grpc.nvcf.nvidia.com:443"),
    ],
)
def test_an_address_says_whether_it_is_private(url: str, secure: bool, place: str) -> None:
    config = RivaConfig(url=url)
    assert (config.is_secure, config.place.address) == (secure, place)


async def test_over_tls_the_key_and_the_function_are_shown(tmp_path: Path) -> None:
    _, ca_file = tls_for_localhost(tmp_path)
    ear = Ear()
    async with riva_listen(chain=(tmp_path / "server.pem").read_bytes()) as double:
        environment = {
            "ANTIPHON_RIVA_URL": double.url,
            "NVIDIA_API_KEY": KEY,
            "RIVA_FUNCTION_ID": "f",
            "RIVA_CA_FILE": str(ca_file),
        }
        stream = Registry(environment=environment).stt("riva/default").open(PHONE, ear)
        async with asyncio.timeout(WAIT_S):
            peer = await double.peer()
        await say(stream, "hello please")
        assert (await ear.final()).text == "hello please"
        assert peer.metadata["function-id"] == "f"
        await stream.aclose()


async def test_a_server_nobody_vouches_for_is_shown_no_key(tmp_path: Path) -> None:
    tls_for_localhost(tmp_path)
    async with riva_listen(chain=(tmp_path / "server.pem").read_bytes()) as double:
        stream = RivaStt("default", RivaConfig(url=double.url, key=KEY), HASTY).open(PHONE, Ear())
        assert isinstance(stream, ListeningStream)
        await settle(lambda: stream.failure is not None)
        assert isinstance(stream.failure, ProviderUnavailable)
        await stream.aclose()
    assert double.peers == []


async def test_a_key_never_goes_out_in_the_clear() -> None:
    async with riva_listen(authorised=lambda metadata: "authorization" not in metadata) as double:
        environment = {"ANTIPHON_RIVA_URL": double.url, "NVIDIA_API_KEY": "secret", "RIVA_FUNCTION_ID": "f"}
        stream = Registry(environment=environment).stt("riva/default").open(PHONE, Ear())
        async with asyncio.timeout(WAIT_S):
            peer = await double.peer()
        assert "function-id" not in peer.metadata
        await stream.aclose()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RIVA_CA_FILE", "nowhere.pem"),
        ("RIVA_BOOST", "much"),
        ("RIVA_BOOST", "-1"),
        ("RIVA_ENDPOINTING", "patience=3"),
        ("RIVA_ENDPOINTING", "stop_history=soon"),
        ("RIVA_ENDPOINTING", "stop_threshold=98"),
    ],
)
def test_a_setting_that_is_none_is_named(variable: str, value: str) -> None:
    registry = Registry(environment={"ANTIPHON_RIVA_URL": "localhost", variable: value})
    with pytest.raises(ConfigError, match=variable):
        registry.stt("riva/default")


def test_endpointing_is_read_as_it_is_written() -> None:
    assert vendor.endpointing(" stop_history = 800, stop_threshold=0.98,") == {
        "stop_history": 800.0,
        "stop_threshold": 0.98,
    }
