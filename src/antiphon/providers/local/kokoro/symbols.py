"""Kokoro's alphabet, and how espeak's phonemes are written in it.

Kokoro was trained on a phonetic spelling of its own: capitals for diphthongs, one letter for an affricate,
no length marks in American English. Ids: config.json of hexgrad/Kokoro-82M (v1.0).
"""

from __future__ import annotations

import re
from typing import Final

from antiphon.providers.local.espeak import TIE

_IDS_OF: Final = (
    (1, ';:,.!?'), (9, '—…"()“” '), (17, "\u0303ʣʥʦʨᵝꭧAI"), (31, "O"), (33, "Q"), (35, "ST"), (39, "W"),
    (41, "Yᵊabcdef"), (50, "hijklmnopqrstuvwxyzɑɐɒæ"), (75, "βɔɕç"), (80, "ɖðʤə"), (85, "ɚɛɜ"), (90, "ɟ"),
    (92, "ɡ"), (99, "ɥ"), (101, "ɨɪʝ"), (110, "ɯɰŋɳɲɴø"), (118, "ɸθœ"), (123, "ɹ"), (125, "ɾɻ"),
    (128, "ʁɽʂʃʈʧ"), (135, "ʊʋ"), (138, "ʌɣɤ"), (142, "χʎ"), (147, "ʒʔ"), (156, "ˈˌː"), (162, "ʰ"),
    (164, "ʲ"), (169, "↓"), (171, "→↗↘"), (177, "ᵻ"),
)  # fmt: skip
SYMBOL_IDS: Final = {
    symbol: first + offset for first, symbols in _IDS_OF for offset, symbol in enumerate(symbols)
}

# Longest first: a rule may only see what the rules before it left.
_COMMON: Final = (
    (f"d{TIE}ʒ", "ʤ"), (f"t{TIE}ʃ", "ʧ"), ("ʔn̩", "tᵊn"), ("ʔˌn̩", "tᵊn"),
    (f"a{TIE}ɪ", "I"), (f"a{TIE}ʊ", "W"), (f"e{TIE}ɪ", "A"), (f"ɔ{TIE}ɪ", "Y"), (f"ə{TIE}l", "ᵊl"),
    ("n̩", "ᵊn"), ("l̩", "ᵊl"), ("m̩", "ᵊm"),
    ("ʲ", ""), ("r", "ɹ"), ("x", "k"), ("ç", "k"), ("ɬ", "l"), ("ɐ", "ə"),
)  # fmt: skip
_AMERICAN: Final = (
    (f"o{TIE}ʊ", "O"), (f"a{TIE}ɪ{TIE}ɚ", "Iəɹ"), (f"ɑː{TIE}ɹ", "ɑɹ"), (f"ɔː{TIE}ɹ", "ɔɹ"),
    (f"o{TIE}ːɹ", "ɔɹ"),
    ("oːɹ", "ɔɹ"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("ɚ", "əɹ"), ("ɾ", "T"), ("ː", ""), ("o", "ɔ"),
)  # fmt: skip
_BRITISH: Final = (
    (f"ə{TIE}ʊ", "Q"), (f"e{TIE}ə", "ɛː"), (f"i{TIE}ə", "ɪə"), ("iə", "ɪə"),
    ("ɚ", "ə"), ("ɾ", "t"), ("o", "ɔ"),
)  # fmt: skip


def _translator(rules: tuple[tuple[str, str], ...]) -> tuple[re.Pattern[str], dict[str, str]]:
    table = dict(rules)
    longest_first = sorted(table, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), table


_TRANSLATORS: Final = {
    "en-us": _translator(_COMMON + _AMERICAN),
    "en": _translator(_COMMON + _BRITISH),
}


def kokoro_spelling(ipa: str, espeak_voice: str) -> str:
    """espeak's tied IPA (`espeak.phonemize`) in Kokoro's alphabet; spaces stay where they are."""
    pattern, table = _TRANSLATORS.get(espeak_voice, _TRANSLATORS["en-us"])
    spelled = pattern.sub(lambda match: table[match.group()], ipa)
    return "".join(symbol for symbol in spelled if symbol in SYMBOL_IDS)
