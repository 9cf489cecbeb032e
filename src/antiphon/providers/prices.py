"""The price book: list prices with their source and date, and the operator's own on top. Exact decimals.

A price is written as people read it: `input_tokens: 2.00 per 1M`, `audio_ms: 0.0048 per minute`. What no
source says is not in the book; there are no guesses.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml

from antiphon.errors import ConfigError

OWN_PRICES: Final = "ANTIPHON_PRICES"
ROLES: Final = frozenset({"stt", "tts", "llm", "s2s", "batch"})
# What is counted, by the names of the trace's usage notes.
AMOUNTS: Final = frozenset((
    "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "input_audio_tokens",
    "output_audio_tokens", "characters", "audio_ms", "session_ms",
))  # fmt: skip
_COUNTS: Final[Mapping[str, int]] = {"1": 1, "1k": 1_000, "1M": 1_000_000}
_TIMES: Final[Mapping[str, int]] = {"second": 1_000, "minute": 60_000, "hour": 3_600_000}
# One of these sets is what every request in a role is charged by; without one of its rates it has no cost.
_ALWAYS: Final[Mapping[str, tuple[frozenset[str], ...]]] = {
    "stt": (frozenset({"audio_ms"}),),
    "tts": (frozenset({"characters"}), frozenset({"audio_ms"})),
    "llm": (frozenset({"input_tokens", "output_tokens"}),),
    "s2s": (frozenset({"input_tokens", "output_tokens"}),),
}
_RATE: Final = re.compile(r"(\d+(?:\.\d+)?) per (1|1k|1M|second|minute|hour)")
_FROM: Final = re.compile(r"(\d+(?:\.\d+)?)(?: (k|M|minutes|hours))?")
_FROM_UNITS: Final[Mapping[str, int]] = {
    "": 1, "k": 1_000, "M": 1_000_000, "minutes": 60_000, "hours": 3_600_000,
}  # fmt: skip


class PriceFaults(ConfigError):
    """Everything that is wrong with a price file, one by one in `faults`."""

    def __init__(self, faults: Sequence[ConfigError]) -> None:
        self.faults = tuple(faults)
        told = [str(fault) for fault in faults]
        super().__init__(told[0] if len(told) == 1 else "\n".join([f"{len(told)} problems", *told]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So much for so many tokens, characters or milliseconds; divided last, so nothing is rounded early."""

    usd: Decimal
    per: int

    def cost_usd(self, count: int) -> Decimal:
        return self.usd * count / self.per


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Rates by what is counted; they hold from a monthly volume of `from_amount` on."""

    from_amount: int = 0
    rates: Mapping[str, Rate]

    @property
    def is_by_time(self) -> bool:
        return any(map(_is_time, self.rates))


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """What the operator uses in a month: ms if `is_time`, else characters or tokens."""

    amount: int
    is_time: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one provider charges in one role ("*": in any).

    Attributes:
        provider: A full name, or a pattern with "*" ("acme/voice-*"); a full name goes before a pattern.
        since: From when on it holds.
        read: When the source said so.
        via: Who wrote the source's figures down, where we have not seen its own page.
        tiers: By monthly volume, ascending, in what is charged for.
    """

    role: str
    provider: str
    read: date
    source: str
    tiers: tuple[Tier, ...]
    since: date = date.min
    via: str = ""
    is_own: bool = False  # The operator gave it.

    def fits(self, provider: str) -> bool:
        return _fits(self.provider, provider)

    def lacks(self, role: str) -> list[str]:
        """Rates without which nothing it is asked in this role has a cost."""
        wanted = _ALWAYS.get(role, ())
        missing = [sorted(each - tier.rates.keys()) for tier in self.tiers for each in wanted[:1]]
        covered = all(any(each <= tier.rates.keys() for each in wanted) for tier in self.tiers)
        return [] if covered or not wanted else max(missing, key=len)

    def is_tiered_by(self, name: str, volume: Volume) -> bool:
        """Whether a volume under this name or pattern chooses the tier."""
        near = _fits(name, self.provider) or _fits(self.provider, name)
        return near and len(self.tiers) > 1 and self.tiers[0].is_by_time == volume.is_time


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """Implements `runtime.metering.Prices`.

    Attributes:
        volumes: The operator's monthly volume by full name or pattern.
        own: The operator's file.
    """

    prices: tuple[Price, ...]
    own: Path | None = None
    volumes: Mapping[str, Volume] = field(default_factory=dict)

    def find(self, role: str, provider: str) -> Price | None:
        fitting = [
            price for price in self.prices if price.role in (role, "*") and _fits(price.provider, provider)
        ]
        # The operator knows what he pays. Else an exact name beats a pattern, a longer pattern a shorter one,
        # a role's own price one for all, a later date an earlier one.
        return max(
            fitting,
            key=lambda price: (price.is_own, *_weight(price.provider), price.role != "*", price.since),
            default=None,
        )

    def cost_usd(self, role: str, provider: str, amounts: Mapping[str, int]) -> Decimal | None:
        """Exact; None when the book has no price, or none for something that was used."""
        price = self.find(role, provider)
        if price is None:
            return None
        rates = self._tier(price, provider).rates
        total = Decimal(0)
        for amount, count in _charged(rates, amounts).items():
            if amount not in rates:
                return None
            total += rates[amount].cost_usd(count)
        return total

    def _tier(self, price: Price, provider: str) -> Tier:
        fitting = [
            name
            for name, volume in self.volumes.items()
            if price.is_tiered_by(name, volume) and (_fits(name, provider) or _fits(name, price.provider))
        ]
        named = max(fitting, key=_weight, default="")
        amount = self.volumes[named].amount if named else 0
        return [tier for tier in price.tiers if tier.from_amount <= amount][-1]


def load_prices(
    environment: Mapping[str, str] | None = None, *, today: date, own: Path | None = None
) -> PriceBook:
    """The book that comes with Antiphon, and over it the file that ANTIPHON_PRICES names.

    Raises:
        ConfigError: What cannot be read, all of it (`PriceFaults`); says where, and how it is written.
    """
    environment = os.environ if environment is None else environment
    shipped = resources.files("antiphon.providers").joinpath("prices.yaml")
    prices, _ = _read(shipped.read_text(encoding="utf-8"), "prices.yaml")
    named = environment.get(OWN_PRICES, "").strip()
    own = own or (Path(named) if named else None)
    volumes: Mapping[str, Volume] = {}
    if own is not None:
        try:
            text = own.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"the price file cannot be read ({error.strerror})", where=str(own), fix=f"check {OWN_PRICES}"
            ) from None
        theirs, volumes = _read(text, str(own))
        prices += [replace(price, is_own=True) for price in theirs]
        _check_volumes(volumes, prices, str(own))
    held = tuple(price for price in prices if price.since <= today)
    return PriceBook(prices=held, volumes=volumes, own=own)


def _check_volumes(volumes: Mapping[str, Volume], prices: list[Price], where: str) -> None:
    """A volume that chooses nothing is one that somebody counts on."""
    for name, volume in volumes.items():
        if not any(price.is_tiered_by(name, volume) for price in prices):
            kind = "minutes or hours" if volume.is_time else "characters or tokens"
            tiered = sorted({price.provider for price in prices if len(price.tiers) > 1})
            known = any(_fits(name, price.provider) or _fits(price.provider, name) for price in prices)
            nobody = "" if known else f"no vendor offers {name}: "
            raise ConfigError(
                f"{nobody}no price has tiers by {kind} for {name!r}",
                where=f"{where}: volumes.{name}",
                fix=f"prices with tiers: {', '.join(tiered)}; give yours with `tiers:`",
            )


def _is_time(amount: str) -> bool:
    return amount.endswith("_ms")


def _fits(pattern: str, provider: str) -> bool:
    return pattern == provider or ("*" in pattern and fnmatchcase(provider, pattern))


def _weight(pattern: str) -> tuple[bool, int]:
    return ("*" not in pattern, len(pattern))


def _charged(rates: Mapping[str, Rate], amounts: Mapping[str, int]) -> dict[str, int]:
    """Each thing once: of the whole prompt only what was neither cached nor stored nor sound at a rate of its
    own; of what is counted in two ways (characters and seconds of speech) what the vendor charges by."""
    left = {amount: count for amount, count in amounts.items() if count}
    for whole, part in (
        ("input_tokens", "cached_tokens"),
        ("input_tokens", "cache_write_tokens"),
        ("input_tokens", "input_audio_tokens"),
        ("output_tokens", "output_audio_tokens"),
    ):
        if part not in left:
            continue
        if part in rates:
            left[whole] = max(0, left.get(whole, 0) - left[part])
        else:
            del left[part]  # Charged like the rest of the whole.
    if "characters" in left and "audio_ms" in left:
        left.pop("audio_ms" if "characters" in rates else "characters")
    return left


def _read(text: str, where: str) -> tuple[list[Price], Mapping[str, Volume]]:
    try:
        data = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise ConfigError(f"not valid YAML: {error}", where=where) from None
    if not isinstance(data, dict) or not isinstance(data.get("prices", []), list):
        raise ConfigError("not a price file", where=where, fix="write `prices:` with a list below it")
    items = enumerate(data.get("prices", []))
    prices, volumes, faults = list[Price](), dict[str, Volume](), list[ConfigError]()
    for number, item in items:
        try:
            prices.append(_price(item, f"{where}: prices[{number}]"))
        except ConfigError as error:
            faults.append(error)
    for name, value in (data.get("volumes") or {}).items():
        try:
            volumes[str(name)] = _amount(str(value), f"{where}: volumes.{name}")
        except ConfigError as error:
            faults.append(error)
    if faults:
        raise PriceFaults(faults)
    return prices, volumes


def _price(item: Any, where: str) -> Price:
    if not isinstance(item, dict):
        raise ConfigError("a price is a mapping", where=where, fix="start it with `- provider: vendor/model`")
    known = {"provider", "role", "since", "read", "source", "via", "rates", "tiers"}
    missing = [key for key in ("provider", "role", "read", "source") if not item.get(key)]
    unknown = sorted(set(item) - known)
    if missing or unknown:
        what = f"missing: {', '.join(missing)}" if missing else f"unknown: {', '.join(unknown)}"
        raise ConfigError(what, where=where, fix=f"keys: {', '.join(sorted(known))}")
    role = item["role"]
    if role not in ROLES | {"*"}:
        raise ConfigError(f"{role!r} is no role", where=where, fix=f"known: {', '.join(sorted(ROLES))}, *")
    tiers = item.get("tiers") or [{"from": "0", "rates": item.get("rates")}]
    return Price(
        role=role,
        provider=item["provider"],
        since=_date(item["since"], where) if item.get("since") else date.min,
        read=_date(item["read"], where),
        source=item["source"],
        via=item.get("via", ""),
        tiers=tuple(sorted((_tier(tier, where) for tier in tiers), key=lambda tier: tier.from_amount)),
    )


def _tier(item: Any, where: str) -> Tier:
    rates = item.get("rates") if isinstance(item, dict) else None
    if not isinstance(rates, dict) or not rates:
        raise ConfigError(
            "a price without rates", where=where, fix="write `rates: {characters: 50.00 per 1M}`"
        )
    if unknown := sorted(set(rates) - AMOUNTS):
        raise ConfigError(
            f"unknown: {', '.join(unknown)}", where=where, fix=f"known: {', '.join(sorted(AMOUNTS))}"
        )
    least = _amount(str(item.get("from", "0")), where)
    tier = Tier(
        from_amount=least.amount,
        rates={amount: _rate(str(text), amount, f"{where}.rates.{amount}") for amount, text in rates.items()},
    )
    if least.amount and least.is_time != tier.is_by_time:
        counted = "from: 2000 hours" if tier.is_by_time else "from: 2 M"
        raise ConfigError(
            f"from: {item['from']} is not in what is charged for", where=where, fix=f"write it like {counted}"
        )
    return tier


def _rate(text: str, amount: str, where: str) -> Rate:
    found = _RATE.fullmatch(text.strip())
    if found is None:
        raise ConfigError(
            f"{text!r} is not a rate", where=where, fix="write it like 2.00 per 1M or 0.15 per hour"
        )
    units = _TIMES if _is_time(amount) else _COUNTS
    if found[2] not in units:
        raise ConfigError(
            f"{amount} is not counted per {found[2]}",
            where=where,
            fix=f"write it like {found[1]} per {' or '.join(units)}",
        )
    return Rate(usd=Decimal(found[1]), per=units[found[2]])


def _amount(text: str, where: str) -> Volume:
    found = _FROM.fullmatch(text.strip())
    if found is None:
        raise ConfigError(
            f"{text!r} is not an amount", where=where, fix="write it like 500000 minutes or 2 M"
        )
    unit = found[2] or ""
    return Volume(amount=int(Decimal(found[1]) * _FROM_UNITS[unit]), is_time=unit in ("minutes", "hours"))


def _date(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text!r} is not a date", where=where, fix="write it like 2026-11-25") from None
