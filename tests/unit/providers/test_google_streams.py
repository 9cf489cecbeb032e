"""Google's streams end by themselves; what a caller says does not."""

from __future__ import annotations

import asyncio

from tests.conformance.stt_vendors import PATIENT, WAIT_S, Ear, push, say
from tests.doubles.google_cloud import PROJECT, Habits, google_speech
from tests.doubles.socket_vendor import KEY

from antiphon.providers.google.client import GoogleConfig
from antiphon.providers.google.stt import GoogleStt
from antiphon.providers.listening import ListeningStream
from antiphon.speech.ports import SttConfig

PHONE = SttConfig(sample_rate_hz=8_000)


async def test_a_stream_that_grows_old_is_followed_by_another_and_no_word_is_lost() -> None:
    ear = Ear()
    async with google_speech() as double:
        # Five words of 140 ms: the border between two streams falls into a pause.
        config = GoogleConfig(key=KEY, project=PROJECT, url=double.url, stream_ms=700)
        stream = GoogleStt("telephony", config, PATIENT).open(PHONE, ear)
        await (await double.peer()).until(lambda peer: bool(peer.received))
        await say(stream, "hello please book my visit on monday at nine thirty")
        final = await ear.final()
        peer = await double.peer()
        await stream.aclose()
    openings = [message for message in peer.received if message.recognizer]
    assert len(openings) >= 2
    assert len(double.peers) == 1, "and on the same connection"
    assert final.text == "hello please book my visit on monday at nine thirty"
    assert len(ear.finals) == 1


async def test_a_stream_that_is_broken_off_is_said_again_on_a_new_connection() -> None:
    ear = Ear()
    habits = Habits(ends_by_itself_ms=600)
    async with google_speech(habits) as double:
        config = GoogleConfig(key=KEY, project=PROJECT, url=double.url)
        stream = GoogleStt("telephony", config, PATIENT).open(PHONE, ear)
        assert isinstance(stream, ListeningStream)
        stream.speech_started()
        await push(stream, "hello please book my visit")
        async with asyncio.timeout(WAIT_S):
            await double.peer(1)
        habits.ends_by_itself_ms = 0
        await ear.until(lambda: any(partial.text.endswith("visit") for partial in ear.partials))
        stream.speech_stopped()
        assert (await ear.final()).text == "hello please book my visit"
        await stream.aclose()


async def test_words_google_left_unfinished_at_the_end_of_a_stream_count() -> None:
    ear = Ear()
    async with google_speech(Habits(leaves_changing=True)) as double:
        config = GoogleConfig(key=KEY, project=PROJECT, url=double.url)
        stream = GoogleStt("telephony", config, PATIENT).open(PHONE, ear)
        await say(stream, "hello please")
        final = await ear.final()
        await stream.aclose()
    assert (final.text, final.lost) == ("hello please", False)
