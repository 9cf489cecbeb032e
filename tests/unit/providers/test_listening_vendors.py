"""What only one recogniser does: the corners of each wire that the common suite does not reach."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conformance.stt_vendors import PATIENT, VENDORS, WAIT_S, Ear, SttVendor, push, say
from tests.doubles import assemblyai_listen, deepgram_listen, openai_transcription
from tests.doubles.faults import Fault, Faulty
from tests.doubles.tls import tls_for_localhost

from antiphon.errors import ProviderProtocolError, ProviderRejected, ProviderUnavailable
from antiphon.providers.assemblyai import wire as assemblyai_wire
from antiphon.providers.deepgram import wire as deepgram_wire
from antiphon.providers.deepgram.batch_wire import parameters
from antiphon.providers.listening import Asked, Heard, ListeningLimits
from antiphon.providers.openai import transcription_wire as openai_wire
from antiphon.speech.ports import BatchConfig, SttConfig, TurnMoment

PHONE = SttConfig(sample_rate_hz=8_000)
TURNS = SttConfig(sample_rate_hz=8_000, provider_turns=True)
NOVA, FLUX, ASSEMBLYAI, OPENAI, *_, PLUGIN = VENDORS
ASKED = Asked(sample_rate_hz=8_000, language="en-US", terms=(), provider_turns=False)
TRANSCRIPTION = "conversation.item.input_audio_transcription"


@pytest.mark.parametrize("vendor", [NOVA, PLUGIN], ids=["sdk", "livekit"])
async def test_nova_that_freezes_pieces_by_itself_loses_and_doubles_nothing(vendor: SttVendor) -> None:
    ear = Ear()
    # Nothing here settles: on a busy machine pieces come further apart than the suite's patience for that.
    limits = replace(PATIENT, settle_ms=PATIENT.final_ms)
    habits = deepgram_listen.Habits(freeze_every=2)
    async with vendor.bench(habits=habits, limits=limits) as (double, stt):
        stream = stt.open(PHONE, ear)
        stream.speech_started()
        await push(stream, "please book my visit")
        stream.push(bytes(1_600))  # A plugin's resampler keeps some of the last word back.
        await ear.until(lambda: any(partial.text == "please book my visit" for partial in ear.partials))
        double.cut()
        await push(stream, "on monday at")
        stream.push(bytes(3_200))  # The hangover of our own detector.
        stream.speech_stopped()
        assert (await ear.final()).text == "please book my visit on monday at"
        await stream.aclose()


async def test_nova_need_not_answer_when_everything_is_frozen_already() -> None:
    ear = Ear()
    habits = deepgram_listen.Habits(freeze_every=1, answers_nothing=True)
    async with NOVA.bench(habits=habits) as (_, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "hello please")
        final = await ear.final()
        await stream.aclose()
    assert (final.text, final.lost) == ("hello please", False)
    assert stream.counters.settled == 1  # type: ignore[attr-defined]


async def test_what_a_plugin_says_it_used_is_counted() -> None:
    ear = Ear()
    async with PLUGIN.bench() as (_, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "hello please")
        await ear.final()
        counters = stream.counters  # type: ignore[attr-defined]
        async with asyncio.timeout(WAIT_S):
            while not counters.vendor:  # noqa: ASYNC110 - there is no event for another's state
                await asyncio.sleep(0)
        assert 0 < counters.vendor["audio_ms"] <= counters.audio_ms
        await stream.aclose()


async def test_flux_says_that_a_turn_is_probably_over_and_takes_it_back() -> None:
    ear = Ear()
    async with FLUX.bench(habits=deepgram_listen.Habits(eager=True)) as (_, stt):
        stream = stt.open(TURNS, ear)
        await say(stream, "hello please")
        await ear.until(lambda: any(turn.moment is TurnMoment.ENDED for turn in ear.turns))
        await stream.aclose()
    assert [turn.moment.value for turn in ear.turns] == [
        "started", "eager_end", "resumed", "eager_end", "ended",
    ]  # fmt: skip
    assert ear.turns[1].text == ear.turns[-1].text == "hello please"


async def test_deepgram_keeps_an_idle_socket_open() -> None:
    limits = ListeningLimits(keep_alive_ms=5, connect_ms=15_000)
    async with NOVA.bench(limits=limits) as (double, stt):
        stream = stt.open(PHONE, Ear())
        async with asyncio.timeout(WAIT_S):
            peer = await double.peer()
            await peer.until(lambda peer: len(peer.of_type("KeepAlive")) >= 2)
        await stream.aclose()
        assert peer.audio == b""


@pytest.mark.parametrize("vendor", [NOVA, FLUX], ids=["nova", "flux"])
async def test_key_terms_are_changed_one_change_at_a_time_and_the_last_one_wins(vendor: SttVendor) -> None:
    ear = Ear()
    async with vendor.bench() as (double, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "hello")
        await ear.final()
        peer = await double.peer()
        for number in range(5):
            stream.expect([f"word {number}"])
            await asyncio.sleep(0)
        async with asyncio.timeout(WAIT_S):
            await peer.until(lambda peer: list(vendor.terms(peer)) == ["word 4"])
        await stream.aclose()


async def test_the_end_of_a_turn_that_comes_twice_is_one_final() -> None:
    ear = Ear()
    async with ASSEMBLYAI.bench(habits=assemblyai_listen.Habits(formats=True)) as (_, stt):
        stream = stt.open(PHONE, ear)
        for number, text in enumerate(("hello please", "book my visit")):
            await say(stream, text)
            await ear.final(number)
            stream.turn_committed()
        await stream.aclose()
    assert [final.text for final in ear.finals] == ["hello please", "book my visit"]


async def test_openai_that_transcribes_only_after_the_commit_still_shows_words_first() -> None:
    ear = Ear()
    async with OPENAI.bench(habits=openai_transcription.Habits(live=False)) as (_, stt):
        stream = stt.open(PHONE, ear)
        await say(stream, "hello please")
        assert (await ear.final()).text == "hello please"
        await stream.aclose()
    assert [partial.text for partial in ear.partials] == ["hello", "hello please"]


async def test_usage_that_the_vendor_reports_is_counted() -> None:
    ear = Ear()
    async with OPENAI.bench() as (_, stt):
        stream = stt.open(PHONE, ear)
        for number in range(2):
            await say(stream, "hello please")
            await ear.final(number)
        await stream.aclose()
    assert stream.counters.vendor == {"input_tokens": 40, "output_tokens": 4}  # type: ignore[attr-defined]


@pytest.mark.parametrize("vendor", [NOVA, FLUX, ASSEMBLYAI, OPENAI], ids=lambda vendor: vendor.name)
async def test_a_session_over_tls_with_an_authority_of_our_own(
    vendor: SttVendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, ca_file = tls_for_localhost(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    ear = Ear()
    async with vendor.double(None, tls=context) as double:
        stream = vendor.make(double, PATIENT).open(PHONE, ear)
        await say(stream, "hello please")
        assert (await ear.final()).text == "hello please"
        await stream.aclose()


def test_openai_items_that_finish_in_another_order_are_given_in_the_order_they_were_said() -> None:
    items = openai_wire.Items()
    for item in ("one", "two"):
        items.heard({"type": "input_audio_buffer.committed", "item_id": item})
    assert items.heard({"type": f"{TRANSCRIPTION}.delta", "item_id": "two", "delta": "later"}) == []
    assert items.heard({"type": f"{TRANSCRIPTION}.completed", "item_id": "two", "transcript": "later"}) == []
    given = items.heard({"type": f"{TRANSCRIPTION}.completed", "item_id": "one", "transcript": "first"})
    assert [heard.text for heard in given if isinstance(heard, Heard)] == ["first", "later"]


def test_an_empty_commit_is_an_empty_answer_and_a_refused_hint_no_failure() -> None:
    items = openai_wire.Items()
    empty = {"type": "invalid_request_error", "code": "input_audio_buffer_commit_empty", "message": "m"}
    (heard,) = items.heard({"type": "error", "error": empty})
    assert isinstance(heard, Heard)
    assert heard.answers
    hint = {"type": "invalid_request_error", "code": "unknown_parameter", "event_id": openai_wire.UPDATE}
    assert items.heard({"type": "error", "error": hint}) == []


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "invalid_request_error", "code": "model_not_found"}, ProviderRejected),
        ({"type": "insufficient_quota", "code": "insufficient_quota"}, ProviderRejected),
        ({"type": "invalid_request_error", "code": "session_expired"}, ProviderUnavailable),
        ({"type": "server_error"}, ProviderUnavailable),
    ],
)
def test_an_error_event_of_openai_says_who_must_act(error: dict[str, str], kind: type[Exception]) -> None:
    with pytest.raises(kind) as raised:
        openai_wire.Items().heard({"type": "error", "error": {**error, "message": "hello please"}})
    assert "hello" not in str(raised.value)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (None, ProviderUnavailable), (401, ProviderRejected), (429, ProviderUnavailable),
        (503, ProviderUnavailable), (4001, ProviderRejected), (4002, ProviderRejected),
        (3005, ProviderUnavailable), (1011, ProviderUnavailable),
    ],
)  # fmt: skip
def test_a_code_of_assemblyai_says_who_must_act(code: int | None, kind: type[Exception]) -> None:
    assert type(assemblyai_wire.from_code(code)) is kind


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"type": "Error", "code": "INTERNAL_SERVER_ERROR", "description": "hello"}, ProviderUnavailable),
        ({"type": "Error", "code": "INVALID_AUTH", "description": "hello"}, ProviderRejected),
        ({"type": "Results", "start": "soon"}, ProviderProtocolError),
        ({"transcript": "hello"}, ProviderProtocolError),
    ],
)
def test_what_deepgram_says_wrong_says_who_must_act(message: dict[str, str], kind: type[Exception]) -> None:
    for heard in (deepgram_wire.nova_heard, deepgram_wire.flux_heard):
        if message.get("type") == "Results" and heard is deepgram_wire.flux_heard:
            continue
        with pytest.raises(kind) as raised:
            heard(message)
        assert "hello" not in str(raised.value)


def test_messages_that_are_new_to_us_are_passed_over() -> None:
    assert deepgram_wire.nova_heard({"type": "Novelty"}) == []
    assert deepgram_wire.flux_heard({"type": "Novelty"}) == []
    assert assemblyai_wire.Turns().heard({"type": "Novelty"}) == []
    assert openai_wire.Items().heard({"type": "novelty"}) == []


def test_where_our_endpointing_decides_the_vendors_are_told_to_keep_theirs() -> None:
    assert deepgram_wire.nova_query("nova-3", ASKED)["endpointing"] == "false"
    assert deepgram_wire.flux_query("flux-general-en", ASKED)["eot_threshold"] == 1.0
    found = assemblyai_wire.parameters("universal-streaming-english", ASKED)
    assert (found["end_of_turn_confidence_threshold"], found["max_turn_silence"]) == (1.0, 10_000)
    session = openai_wire.session_update("gpt-4o-transcribe", ASKED)["session"]
    assert session["audio"]["input"]["turn_detection"] is None


def test_an_older_model_is_told_names_in_the_only_way_it_knows() -> None:
    asked = replace(ASKED, terms=("Dr. Patel", "Aetna"))
    newest, older = (
        deepgram_wire.nova_query(model, asked) for model in ("nova-3-medical", "nova-2-phonecall")
    )
    assert newest["keyterm"] == ["Dr. Patel", "Aetna"]
    assert "keyterm" not in older, "it refuses the connection"
    assert older["keywords"] == ["Dr.", "Patel", "Aetna"]
    recording = parameters("nova-2", BatchConfig(vocabulary=("Dr. Patel",)))
    assert (recording.get("keyterm"), recording["keywords"]) == (None, ["Dr.", "Patel"])


async def test_a_bad_message_of_assemblyai_is_not_logged_with_the_callers_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ear = Ear()
    async with ASSEMBLYAI.bench(Faulty(fault=Fault.MALFORMED), ListeningLimits(final_ms=500)) as (
        double,
        stt,
    ):
        double.malformed = '{"type": "Turn", "turn_order": "x", "transcript": "secret words"}'
        stream = stt.open(PHONE, ear)
        await say(stream, "hello")
        await ear.final()
        await stream.aclose()
    assert "secret" not in caplog.text
