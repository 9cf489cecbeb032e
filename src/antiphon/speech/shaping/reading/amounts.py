"""Money, percent and measures, with the noun each counts in the right number and gender."""

from __future__ import annotations

import re

from antiphon.speech.shaping.reading.locale import Locale, Noun, elide

# Amounts are never found within words, numbers or dates.
_START = r"(?<![\w.,/])"


def read(text: str, locale: Locale) -> str:
    text = locale.compiled("money_range", _money_range_pattern).sub(
        lambda found: f"{locale.amount(found[2])} {locale.signs.to} {found[1]}", text
    )
    text = locale.compiled("money_before", _money_before).sub(lambda found: _before(found, locale), text)
    text = locale.compiled("money_after", _money_after).sub(lambda found: _after(found, locale), text)
    text = locale.compiled("percent", _percent_pattern).sub(lambda found: _percent(found, locale), text)
    text = locale.compiled("measure", _measure_pattern).sub(lambda found: _measure(found, locale), text)
    return locale.compiled("large", _large_pattern).sub(lambda found: _large(found, locale), text)


def _signs(locale: Locale) -> str:
    return "|".join(re.escape(sign) for sign in sorted(locale.currencies, key=len, reverse=True))


def _scales(locale: Locale) -> str:
    return "|".join(re.escape(scale) for scale in sorted(locale.large, key=len, reverse=True))


def _per(locale: Locale) -> str:
    return rf"(?:\s?/\s?({'|'.join(sorted(locale.per, key=len, reverse=True))})(?!\w))?"


def _money_range_pattern(locale: Locale) -> str:
    """ "20-30 €": the sign belongs to both."""
    return rf"{_START}()({locale.number})\s?[-–]\s?(?={locale.number}\s?(?:{_signs(locale)})(?!\w))"


def _money_before(locale: Locale) -> str:
    return (
        rf"(?<!\w)(-?)({_signs(locale)})\s?(-?)({locale.number})(?:\s?({_scales(locale)})(?!\w)\.?)?(?!\d)"
        rf"{_per(locale)}"
    )


def _money_after(locale: Locale) -> str:
    return (
        rf"{_START}(-?)({locale.number})(?:,[-–]+)?(?:\s?({_scales(locale)})\.?(?:\s(?:de|d'))?)?\s?({_signs(locale)})"
        rf"(?!\w){_per(locale)}"
    )


def _before(found: re.Match[str], locale: Locale) -> str:
    minus, sign, second_minus, amount, scale, per = found.groups()
    return _signed(minus or second_minus, _money(locale, sign, amount, scale), locale) + _every(per, locale)


def _after(found: re.Match[str], locale: Locale) -> str:
    minus, amount, scale, sign, per = found.groups()
    return _signed(minus, _money(locale, sign, amount, scale), locale) + _every(per, locale)


def _money(locale: Locale, sign: str, amount: str, scale: str | None) -> str:
    currency = locale.currencies[sign]
    whole, decimals = locale.parts(amount)
    if scale:
        one, many = locale.large[scale]
        of = f" {locale.signs.of} " if locale.signs.of else " "
        name = Noun(one=one, many=many, gender=_scale_gender(locale))
        return elide(locale.counted(amount, name) + of + currency.unit.many)
    if decimals and len(decimals) != 2:
        return locale.counted(amount, currency.unit)
    cents = int(decimals or "0")
    parts = [locale.counted(str(whole), currency.unit)] if whole or not cents else []
    parts += [locale.counted(str(cents), currency.cent)] if cents else []
    return f" {locale.signs.cents} ".join(parts)


def _scale_gender(locale: Locale) -> str:
    return locale.gender_of(next(iter(locale.large.values()))[0])


def _every(per: str | None, locale: Locale) -> str:
    return f" {locale.per[per]}" if per else ""


def _signed(sign: str, words: str, locale: Locale) -> str:
    return {"-": f"{locale.signs.minus} ", "+": f"{locale.signs.plus} "}.get(sign, "") + words


def _percent_pattern(locale: Locale) -> str:
    return rf"{_START}([-+]?)({locale.number})(?:\s?%?\s?[-–]\s?({locale.number}))?\s?%"


def _percent(found: re.Match[str], locale: Locale) -> str:
    sign, lower, upper = found.groups()
    if upper:
        words = f"{locale.amount(lower)} {locale.signs.to} {locale.counted(upper, locale.signs.percent)}"
    else:
        words = locale.counted(lower, locale.signs.percent)
    return _signed(sign, words, locale)


def _measure_pattern(locale: Locale) -> str:
    units = "|".join(re.escape(unit) for unit in sorted(locale.units, key=len, reverse=True))
    return (
        rf"{_START}([-+]?)(?:({locale.number})\s?[-–]\s?)?({locale.number})\s?({units})(?![\w'])"
        rf"(?:\.(?=\s+[a-zäöüáéíóúñ\d]))?{_per(locale)}"
    )


def _measure(found: re.Match[str], locale: Locale) -> str:
    sign, lower, amount, unit, per = found.groups()
    noun = locale.units[unit]
    words = locale.counted(amount, noun)
    if lower:
        words = f"{locale.amount(lower, noun.gender)} {locale.signs.to} {words}"
    # "Min." may end the sentence as well.
    ends = unit.endswith(".") and not found.string[found.end() :].strip()
    return _signed(sign, words, locale) + _every(per, locale) + ("." if ends else "")


def _large_pattern(locale: Locale) -> str:
    return rf"{_START}([-+]?)({locale.number})\s?({_scales(locale)})(?!\w)\.?"


def _large(found: re.Match[str], locale: Locale) -> str:
    one, many = locale.large[found[3]]
    noun = Noun(one=one, many=many, gender=_scale_gender(locale))
    whole_word = found[3] in (one, many)
    ends = found[0].endswith(".") and (whole_word or not found.string[found.end() :].strip())
    return _signed(found[1], locale.counted(found[2], noun), locale) + ("." if ends else "")
