"""The price book: exact sums, dates, tiers, the operator's own prices, and files that are wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import ConfigError
from antiphon.providers.prices import PriceBook, load_prices
from antiphon.providers.registry import Registry
from antiphon.providers.roles import Role

TODAY = date(2026, 11, 26)


def book(tmp_path: Path, text: str, today: date = TODAY) -> PriceBook:
    own = tmp_path / "prices.yaml"
    own.write_text(text, encoding="utf-8")
    return load_prices({"ANTIPHON_PRICES": str(own)}, today=today)


ENTRY = "{{provider: acme/{name}, role: {role}, read: 2026-11-01, source: its page, rates: {{{rates}}}}}"


def entry(rates: str, *, name: str = "m", role: str = "llm") -> str:
    return "prices:\n  - " + ENTRY.format(rates=rates, name=name, role=role) + "\n"


TOKENS = (
    "input_tokens: 2.00 per 1M, cached_tokens: 0.10 per 1M, cache_write_tokens: 2.50 per 1M, "
    "output_tokens: 10.00 per 1M"
)


TIERS = """
volumes: {acme/*: 12000 hours, acme/m: 3 M}
prices:
  - {provider: acme/*, role: stt, read: 2026-11-01, source: its page,
     tiers: [{rates: {audio_ms: 1 per hour}}, {from: 2000 hours, rates: {audio_ms: 0.5 per hour}}]}
  - {provider: acme/*, role: tts, read: 2026-11-01, source: its page,
     tiers: [{rates: {characters: 9 per 1k}}, {from: 3 M, rates: {characters: 8 per 1k}},
             {from: 4 M, rates: {characters: 7 per 1k}}]}
"""


def test_the_shipped_book_can_be_read_and_every_price_has_a_source_and_a_date() -> None:
    shipped = load_prices({}, today=TODAY)
    assert len(shipped.prices) > 20
    for price in shipped.prices:
        assert price.source
        assert price.read <= TODAY
        assert all(tier.rates for tier in price.tiers)
    assert shipped.cost_usd("tts", "local/piper-joe", {"characters": 80, "audio_ms": 5000}) == 0
    assert shipped.cost_usd("stt", "local/whisper-tiny.en", {"audio_ms": 5000}) == 0


# No page of the vendor, nor a copy of one, has told what these cost; "best" is whatever model is the default.
UNPRICED = {"batch": {"assemblyai/best"}, "stt": {"deepgram/nova-3-medical"}}


@pytest.mark.parametrize("role", [Role.BATCH_STT, Role.LLM, Role.SPEECH_TO_SPEECH, Role.STT, Role.TTS])
def test_every_listed_name_has_a_price_but_for_those_nobody_has_told(role: Role) -> None:
    shipped, registry = load_prices({}, today=TODAY), Registry(environment={})
    # Patterns stand for names, and what stands behind the operator's own endpoints is his to price.
    listed = [name for name in registry.known(role) if "/" in name and "*" not in name]
    priced_elsewhere = ("livekit/", "openai-compatible", "playht/")
    without = {
        name
        for name in listed
        if not name.startswith(priced_elsewhere) and shipped.find(role.value, name) is None
    }
    assert without == UNPRICED.get(role.value, set())


@pytest.mark.parametrize(
    ("name", "usd"),
    [
        ("rime/coda/astra", "0.05"),
        ("rime/astra", "0.05"),
        ("rime/http/mistv3/cove", "0.03"),
        ("rime/arcana/luna", "0.04"),
        ("openai/tts-1/alloy", "0.015"),
        ("openai/tts-1-hd/alloy", "0.03"),
        ("deepgram/aura-2-thalia-en", "0.03"),
        ("google/en-GB-Wavenet-A", "0.016"),
    ],
)
def test_a_thousand_characters_cost_what_the_model_of_the_name_costs(name: str, usd: str) -> None:
    amounts = {"characters": 1000, "audio_ms": 60_000}
    assert load_prices({}, today=TODAY).cost_usd("tts", name, amounts) == Decimal(usd)


def test_a_voice_that_is_charged_by_the_minute_is_charged_so_whatever_its_name() -> None:
    shipped, amounts = load_prices({}, today=TODAY), {"characters": 1000, "audio_ms": 60_000}
    for name in ("openai/alloy", "openai/gpt-4o-mini-tts/alloy"):
        assert shipped.cost_usd("tts", name, amounts) == Decimal("0.015")


def test_every_token_is_charged_once_by_what_became_of_it(tmp_path: Path) -> None:
    amounts = {"input_tokens": 1000, "cached_tokens": 700, "cache_write_tokens": 200, "output_tokens": 50}
    cost = book(tmp_path, entry(TOKENS)).cost_usd("llm", "acme/m", amounts)
    assert cost == Decimal("0.00127")  # 100 at 2.00, 700 at 0.10, 200 at 2.50, 50 at 10.00 a million
    without = entry("input_tokens: 2.00 per 1M, output_tokens: 10.00 per 1M")
    assert book(tmp_path, without).cost_usd("llm", "acme/m", amounts) == Decimal("0.0025")


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**5))
def test_costs_add_up_exactly(fresh: int, cached: int, output: int) -> None:
    prices = load_prices({}, today=TODAY)
    amounts = {"input_tokens": fresh + cached, "cached_tokens": cached, "output_tokens": output}
    cost = prices.cost_usd("llm", "anthropic/claude-sonnet-5-5", amounts)
    assert cost is not None
    assert cost * 10**6 == fresh * 2 + cached * Decimal("0.1") + output * 10


def test_sound_in_and_out_of_a_speaking_model_has_its_own_price(tmp_path: Path) -> None:
    text = entry(
        "input_tokens: 4 per 1M, cached_tokens: 0.4 per 1M, output_tokens: 16 per 1M, "
        "input_audio_tokens: 32 per 1M, output_audio_tokens: 64 per 1M",
        role="s2s",
    )
    amounts = {
        "input_tokens": 1000, "cached_tokens": 100, "input_audio_tokens": 600,
        "output_tokens": 500, "output_audio_tokens": 400,
    }  # fmt: skip
    expected = Decimal(300 * 4 + 600 * 32 + 100 * 16 + 400 * 64) + Decimal(40)
    assert book(tmp_path, text).cost_usd("s2s", "acme/m", amounts) == expected / 10**6


def test_a_voice_is_charged_by_characters_or_by_seconds_never_by_both(tmp_path: Path) -> None:
    spoken = {"characters": 1000, "audio_ms": 60_000}
    by_text = book(tmp_path, entry("characters: 50 per 1M", role="tts"))
    assert by_text.cost_usd("tts", "acme/m", spoken) == Decimal("0.05")
    by_time = book(tmp_path, entry("audio_ms: 0.03 per minute", role="tts"))
    assert by_time.cost_usd("tts", "acme/m", spoken) == Decimal("0.03")


def test_what_is_not_in_the_book_has_no_price(tmp_path: Path) -> None:
    ours = book(tmp_path, entry("input_tokens: 2 per 1M"))
    assert ours.cost_usd("llm", "acme/other", {"input_tokens": 1}) is None
    assert ours.cost_usd("stt", "acme/m", {"audio_ms": 1}) is None
    assert ours.cost_usd("llm", "acme/m", {"input_tokens": 1, "output_tokens": 1}) is None


def test_a_price_holds_from_its_day_on() -> None:
    before, after = (
        load_prices({}, today=day).cost_usd("llm", "gemini/gemini-3.8-flash", {"input_tokens": 10**6})
        for day in (date(2026, 12, 31), date(2027, 1, 1))
    )
    assert (before, after) == (Decimal("0.75"), Decimal("1.50"))


def test_a_full_name_goes_before_a_pattern_and_a_longer_pattern_before_a_shorter(tmp_path: Path) -> None:
    priced = (("*", 3), ("voice-*", 2), ("voice-ann", 1))
    lines = [entry(f"characters: {usd} per 1k", name=name, role="tts") for name, usd in priced]
    ours = book(tmp_path, "prices:\n" + "".join(line.removeprefix("prices:\n") for line in lines))
    voices = ("acme/voice-ann", "acme/voice-bob", "acme/carl")
    costs = [ours.cost_usd("tts", voice, {"characters": 1000}) for voice in voices]
    assert costs == [1, 2, 3]


def test_the_operators_price_replaces_the_listed_one(tmp_path: Path) -> None:
    text = entry("audio_ms: 0.0042 per minute", role="stt").replace("acme/m", "deepgram/nova-3")
    ours = book(tmp_path, text)
    assert ours.cost_usd("stt", "deepgram/nova-3", {"audio_ms": 600_000}) == Decimal("0.042")
    assert ours.cost_usd("stt", "assemblyai/universal-streaming", {"audio_ms": 3_600_000}) == Decimal("0.15")


@pytest.mark.parametrize(
    ("volume", "an_hour"),
    [("", "1.00"), ("1999 hours", "1.00"), ("2000 hours", "0.80"), ("60000 hours", "0.50")],
)
def test_the_tier_is_that_of_the_operators_monthly_volume(tmp_path: Path, volume: str, an_hour: str) -> None:
    text = f"volumes: {{azure/*: {volume}}}" if volume else "prices: []"
    cost = book(tmp_path, text).cost_usd("stt", "azure/en-US", {"audio_ms": 3_600_000})
    assert cost == Decimal(an_hour)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (entry("input_tokens: cheap"), "'cheap' is not a rate"),
        (entry("input_tokens: 1 per 1G"), "is not a rate"),
        (entry("tokens: 1 per 1M"), "unknown: tokens"),
        (entry("input_tokens: 1 per 1M", role="poet"), "'poet' is no role"),
        ("prices:\n  - {provider: acme/m, role: llm}\n", "missing: read, source"),
        (entry("input_tokens: 1 per 1M").replace("2026-11-01", "yesterday"), "is not a date"),
        (entry("input_tokens: 1 per 1M").replace("rates:", "rate:"), "unknown: rate"),
        ("prices: {a: b}\n", "not a price file"),
        ("prices: [1]\n", "a price is a mapping"),
        ("volumes: {azure/*: lots}\n", "'lots' is not an amount"),
        ("a: b: c", "not valid YAML"),
        (entry("characters: 40.00 per minute"), "characters is not counted per minute"),
        (entry("audio_ms: 6.00 per 1M"), "audio_ms is not counted per 1M"),
        (TIERS.replace("from: 2000 hours", "from: 2000"), "from: 2000 is not in what is charged for"),
        (TIERS.replace("from: 4 M", "from: 4 hours"), "from: 4 hours is not in what is charged for"),
        ("volumes: {azur/*: 12000 hours}\n", "no price has tiers by minutes or hours for 'azur/"),
        ("volumes: {azure/*: 12 M}\n", "no price has tiers by characters or tokens for 'azure/"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_the_place_and_the_fix(
    tmp_path: Path, text: str, what: str
) -> None:
    with pytest.raises(ConfigError, match=what) as raised:
        book(tmp_path, text)
    assert str(tmp_path / "prices.yaml") in str(raised.value)


def test_the_operators_pattern_goes_before_every_listed_price_it_fits(tmp_path: Path) -> None:
    text = entry("characters: 40.00 per 1M", role="tts").replace("acme/m", "elevenlabs/*")
    ours = book(tmp_path, text)
    names = ("elevenlabs/JBF", "elevenlabs/eleven_v3/JBF", "elevenlabs/http/eleven_multilingual_v2/JBF")
    assert {ours.cost_usd("tts", name, {"characters": 1_000_000}) for name in names} == {40}


def test_the_listed_price_holds_until_the_operators_begins(tmp_path: Path) -> None:
    text = entry("audio_ms: 0.60 per hour", role="stt").replace(
        "acme/m", "deepgram/nova-3, since: 2027-01-01"
    )
    hour = {"audio_ms": 3_600_000}
    costs = [
        book(tmp_path, text, day).cost_usd("stt", "deepgram/nova-3", hour)
        for day in (date(2026, 12, 31), date(2027, 1, 1))
    ]
    assert costs == [Decimal("0.288"), Decimal("0.60")]


def test_hours_of_listening_choose_no_tier_of_characters(tmp_path: Path) -> None:
    ours = book(tmp_path, TIERS)
    assert ours.cost_usd("stt", "acme/m", {"audio_ms": 3_600_000}) == Decimal("0.5")
    assert ours.cost_usd("tts", "acme/m", {"characters": 1_000}) == 8, "at the edge of the second tier"
    assert ours.cost_usd("tts", "acme/other", {"characters": 1_000}) == 9, "nothing is told of its volume"


def test_a_price_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_prices({"ANTIPHON_PRICES": str(tmp_path / "nowhere.yaml")}, today=TODAY)
