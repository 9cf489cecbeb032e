"""Gemini Live without a socket: words heard, sound, who has the floor, prices."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.providers.gemini import live_wire as wire
from antiphon.providers.gemini.live_memory import Memory, Reply
from antiphon.providers.gemini.live_turns import GIVEN_UP_MS, HELD_MS, OurTurns
from antiphon.providers.prices import load_prices

CHUNK = bytes(640)  # 20 ms at 16 kHz.


def kinds(messages: list[wire.Outgoing]) -> list[str]:
    return [next(iter(message.arguments)) for message in messages]


@pytest.mark.parametrize(
    ("heard_ms", "words"),
    [(0, ""), (-5, ""), (100, ""), (300, "We"), (1_000, "We open at nine."), (5_000, "We open at nine.")],
)
def test_only_words_that_were_heard_whole_are_said_to_be_heard(heard_ms: int, words: str) -> None:
    assert wire.heard_words("We open at nine.", heard_ms, 1_000) == words


@given(st.text(alphabet="ab .", max_size=40), st.integers(-10, 2_000), st.integers(1, 1_500))
def test_heard_words_begin_the_text_and_never_shrink(text: str, heard_ms: int, audio_ms: int) -> None:
    now, later = wire.heard_words(text, heard_ms, audio_ms), wire.heard_words(text, heard_ms + 50, audio_ms)
    assert text.strip().startswith(now) and later.startswith(now)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=20))
def test_sound_survives_pieces_that_end_in_half_a_sample(sizes: list[int]) -> None:
    pcm = np.arange(2_000, dtype="<i2").tobytes()
    pieces, at = [], 0
    for size in sizes:
        pieces.append(pcm[at : at + size])
        at += size
    reply, whole = Reply(id="g1", number=1), Reply(id="g2", number=2)
    given_out = b"".join(reply.sound(piece, 24_000, 8_000) for piece in pieces) + reply.finish()
    joined = b"".join(pieces)
    assert given_out == whole.sound(joined, 24_000, 8_000) + whole.finish()
    assert reply.audio_ms == pytest.approx(len(joined) // 2 / 24)


def test_a_turn_opens_with_its_first_sound_and_ends_when_we_say_so() -> None:
    turns = OurTurns()
    assert kinds(turns.audio(CHUNK)) == ["activity_start", "audio"]
    assert kinds(turns.audio(CHUNK)) == ["audio"]
    assert kinds(turns.commit()) == ["activity_end"]
    assert turns.audio(CHUNK) == [], "the answer would be stopped before its first word"


def test_sound_of_the_last_seconds_opens_the_turn_after_a_reply() -> None:
    turns = OurTurns()
    turns.commit()
    turns.replying()
    for _ in range(2 * HELD_MS // 20):
        assert turns.audio(CHUNK) == []
    turns.replied(stopped=False)
    assert kinds(turns.audio(CHUNK)) == ["activity_start", *["audio"] * (HELD_MS // 20)]


def test_a_reply_that_never_comes_does_not_make_it_deaf() -> None:
    turns = OurTurns()
    turns.commit()
    sent = [message for _ in range(GIVEN_UP_MS // 20) for message in turns.audio(CHUNK)]
    assert kinds(sent)[0] == "activity_start"


def test_the_end_of_a_reply_that_was_stopped_does_not_stop_the_one_asked_for_instead() -> None:
    turns = OurTurns()
    turns.replying()
    assert kinds(turns.commit()) == ["activity_start", "activity_end"]
    turns.replied(stopped=True)
    assert turns.audio(CHUNK) == []


def test_to_ask_by_text_closes_an_open_turn() -> None:
    turns = OurTurns()
    turns.audio(CHUNK)
    assert kinds(turns.asked()) == ["activity_end"]
    assert turns.asked() == []


@pytest.mark.parametrize("call", [SimpleNamespace(id="", name="f"), SimpleNamespace(id="1", name=None)])
def test_a_call_nobody_could_answer_is_refused(call: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="id or a name"):
        wire.call(call)


def test_counters_add_up_until_the_bill() -> None:
    memory = Memory()
    memory.count({"input_tokens": 3})
    memory.count({"input_tokens": 4, "output_tokens": 1})
    assert memory.bill() == {"input_tokens": 7, "output_tokens": 1}
    assert memory.bill() == {}


def test_a_replys_price_is_in_the_book() -> None:
    usage = {
        "input_tokens": 120, "cached_tokens": 0, "output_tokens": 70,
        "input_audio_tokens": 80, "output_audio_tokens": 60,
    }  # fmt: skip
    cost_usd = load_prices({}, today=date(2026, 11, 25)).cost_usd("s2s", "gemini/gemini-3.8-live", usage)
    assert cost_usd is not None
    assert float(cost_usd) == pytest.approx((40 * 0.75 + 80 * 3 + 10 * 4.5 + 60 * 12) / 1e6)
