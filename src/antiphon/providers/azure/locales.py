"""Languages the recogniser hears. Source: "Language support" of 2026-04-02, speech to text, read
2026-11-25."""

from __future__ import annotations

# Regions of a language; the first stands for the language alone, which the service does not take.
_REGIONS = {
    "af": "ZA", "am": "ET", "ar": "EG AE BH DZ IL IQ JO KW LB LY MA OM PS QA SA SY TN YE", "as": "IN",
    "az": "AZ", "bg": "BG", "bn": "IN", "bs": "BA", "ca": "ES", "cs": "CZ", "cy": "GB", "da": "DK",
    "de": "DE AT CH", "el": "GR", "en": "US AU CA GB GH HK IE IN KE NG NZ PH SG TZ ZA",
    "es": "ES AR BO CL CO CR CU DO EC GQ GT HN MX NI PA PE PR PY SV US UY VE", "et": "EE", "eu": "ES",
    "fa": "IR", "fi": "FI", "fil": "PH", "fr": "FR BE CA CH", "ga": "IE", "gl": "ES", "gu": "IN",
    "he": "IL", "hi": "IN", "hr": "HR", "hu": "HU", "hy": "AM", "id": "ID", "is": "IS", "it": "IT CH",
    "ja": "JP", "jv": "ID", "ka": "GE", "kk": "KZ", "km": "KH", "kn": "IN", "ko": "KR", "lo": "LA",
    "lt": "LT", "lv": "LV", "mk": "MK", "ml": "IN", "mn": "MN", "mr": "IN", "ms": "MY", "mt": "MT",
    "my": "MM", "nb": "NO", "ne": "NP", "nl": "NL BE", "or": "IN", "pa": "IN", "pl": "PL", "ps": "AF",
    "pt": "BR PT", "ro": "RO", "ru": "RU", "si": "LK", "sk": "SK", "sl": "SI", "so": "SO", "sq": "AL",
    "sr": "RS", "sv": "SE", "sw": "KE TZ", "ta": "IN", "te": "IN", "th": "TH", "tr": "TR", "uk": "UA",
    "ur": "IN", "uz": "UZ", "vi": "VN", "wuu": "CN", "yue": "CN", "zh": "CN CN-shandong CN-sichuan HK TW",
    "zu": "ZA",
}  # fmt: skip
LOCALES = tuple(
    f"{language}-{region}" for language, regions in _REGIONS.items() for region in regions.split()
)


def locale(language: str) -> str:
    """What the service is told: a region with every language."""
    regions = _REGIONS.get(language.lower())
    return f"{language.lower()}-{regions.split()[0]}" if regions else language
