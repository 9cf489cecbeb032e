"""Titles, streets and other abbreviations; letters that are spelled."""

from __future__ import annotations

import re
from typing import Final

from antiphon.speech.shaping.en.numbers import DIGIT, cardinal, digits

_TITLES: Final = {
    "Dr": "Doctor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Prof": "Professor", "Rev": "Reverend",
    "Sgt": "Sergeant", "Lt": "Lieutenant", "Capt": "Captain", "Gen": "General", "Sen": "Senator",
    "Gov": "Governor",
}  # fmt: skip
_TITLE: Final = re.compile(rf"\b({'|'.join(_TITLES)})\b(?:\.\s*|\s+)(?=[A-Z])")
_COUPLE: Final = re.compile(r"\bMr\.? (?:and|&) Mrs\b\.?")
_STREETS: Final = {
    "St": "Street", "Ave": "Avenue", "Av": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Dr": "Drive",
    "Ln": "Lane",
    "Ct": "Court", "Pl": "Place", "Hwy": "Highway", "Pkwy": "Parkway", "Sq": "Square", "Ter": "Terrace",
    "Cir": "Circle",
}  # fmt: skip
_DIRECTIONS: Final = {"N": "North", "S": "South", "E": "East", "W": "West"}
_STREET_NAME: Final = r"(?:[A-Z][a-z]+\.?|\d{1,3}(?:st|nd|rd|th))"
# A house number and a name, or just a name, before the abbreviation.
_STREET: Final = re.compile(
    rf"\b((?:\d+\s+)?(?:[NSEW]\.?\s+)?{_STREET_NAME}(?:\s+[A-Z][a-z]+){{0,2}})\s+({'|'.join(_STREETS)})\b(\.?)"
)
_DIRECTION: Final = re.compile(rf"\b(\d+)\s+([NSEW])\.?\s+(?={_STREET_NAME})")
_HOUSE: Final = re.compile(
    rf"(?<![\w.,$#:/-])(\d{{3,4}})\s+(?=(?:(?:North|South|East|West)\s+)?(?:{_STREET_NAME}\s+){{1,3}}"
    rf"(?:{'|'.join(sorted(set(_STREETS.values())))})\b)"
)
_SAINT: Final = re.compile(r"\bSt\.?\s+(?=[A-Z][a-z])")
_ABBREVIATIONS: Final = {
    "Jr": "Junior", "Sr": "Senior", "vs": "versus", "etc": "et cetera", "approx": "approximately",
    "appt": "appointment",
    "appts": "appointments", "dept": "department", "Dept": "Department", "est": "estimated",
    "Apt": "apartment",
    "apt": "apartment", "Ste": "suite", "incl": "including", "misc": "miscellaneous", "temp": "temperature",
    "govt": "government", "Inc": "Incorporated", "Corp": "Corporation", "Ltd": "Limited", "Mt": "Mount",
    "Ft": "Fort", "max": "maximum", "bldg": "building", "Bldg": "Building", "Fl": "floor", "Tel": "Telephone",
    "tel": "telephone", "Esq": "Esquire", "mos": "months", "Mos": "Months",
}  # fmt: skip
# These are words or names without their full stop.
_ONLY_WITH_STOP: Final = frozenset(
    ("est", "temp", "Mt", "Ft", "apt", "Sr", "Ste", "Inc", "Jr", "max", "Fl", "Tel", "tel", "Esq")
)
_ABBREVIATION: Final = re.compile(rf"\b({'|'.join(_ABBREVIATIONS)})\b(\.?)")
# Titles, streets and states have one, with something before it.
_CAPITAL_INSIDE: Final = re.compile(r"[\s.,][A-Z]")
_LATIN: Final = (
    (re.compile(r"\be\.\s?g\.,?"), "for example,"), (re.compile(r"\bi\.\s?e\.,?"), "that is,"),
    (re.compile(r"\bE\.\s?g\.,?"), "For example,"), (re.compile(r"\bI\.\s?e\.,?"), "That is,"),
    (re.compile(r"\bvs\."), "versus"),
    (re.compile(r"\b[Bb]ldg\.\s?(?=[A-Z\d])"), "building "),
    (re.compile(r"\bc\.\s?(?=1\d{3}\b|20\d\d\b)"), "circa "),
)  # fmt: skip
_SUITE: Final = re.compile(r"\b(apartment|suite|room|unit|Suite|Room|Unit)\s+#?(\d{3,4})\b")
_STATES: Final = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii", "ID": "Idaho",
    "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana",
    "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "OH": "Ohio",
    "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "TN": "Tennessee", "TX": "Texas", "UT": "Utah",
    "VT": "Vermont", "VA": "Virginia", "WA": "Washington", "WI": "Wisconsin", "WY": "Wyoming",
    "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina",
    "ND": "North Dakota", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
    "WV": "West Virginia", "DC": "D C",
}  # fmt: skip
_STATE: Final = re.compile(
    rf"(?<=[a-z]),\s*({'|'.join(_STATES)})\b(?=\s+\d{{5}}|[.,]|\s*$)(?:(\s+)(\d{{5}})(?:-(\d{{4}}))?\b)?"
)
_LETTERED: Final = re.compile(r"[A-Z][A-Z.]|-")
_DOTTED: Final = re.compile(r"\b(?:[A-Z]\.\s?){2,}(?!\w)")
_DASHED: Final = re.compile(r"(?<![\w-])[A-Za-z](?:-[A-Za-z]){2,}(?![\w-])")
_DASHED_CAPITALS: Final = re.compile(r"(?<![\w-])[A-Z]-[A-Z](?![\w-])")
# Read letter by letter although a voice could pronounce them.
_SPELLED: Final = re.compile(
    r"\b(ID|DOB|MRI|ECG|EKG|CT|ER|ICU|HMO|PPO|PIN|SSN|FAQ|USA|US|UK|EU|AI|IT|PCP|OB|GYN|ENT|IV|UTI|URL|ATM|ETA|TV"
    r"|VIP|EST|EDT|CEO|CFO|FBI|IRS|APR|FYI|ASAP|USB|API)(s?)\b"
)
_CONSONANTS: Final = re.compile(r"\b([BCDFGHJKLMNPQRSTVWXZ]{2,5})(s?)\b")


def read_titles_and_streets(text: str) -> str:
    if _CAPITAL_INSIDE.search(text):
        text = _read_capitals(text)
    if text.find(".", 0, -1) >= 0:
        for pattern, words in _LATIN:
            text = pattern.sub(words, text)
    text = _ABBREVIATION.sub(_abbreviation, text)
    if not DIGIT.search(text):
        return text
    text = _SUITE.sub(lambda found: f"{found[1]} {_by_pairs(found[2])}", text)
    return _HOUSE.sub(lambda found: _by_pairs(found[1]) + " ", text)


def _read_capitals(text: str) -> str:
    text = _COUPLE.sub("Mister and Missus", text)
    text = _TITLE.sub(lambda found: _TITLES[found[1]] + " ", text)
    text = _DIRECTION.sub(lambda found: f"{found[1]} {_DIRECTIONS[found[2]]} ", text)
    text = _STREET.sub(_street, text)
    text = _SAINT.sub("Saint ", text)
    return _STATE.sub(_state, text)


def read_letters(text: str) -> str:
    if not _LETTERED.search(text):
        return text
    text = _DOTTED.sub(_dotted, text)
    text = _DASHED.sub(lambda found: " ".join(found[0].replace("-", "").upper()), text)
    text = _DASHED_CAPITALS.sub(lambda found: found[0].replace("-", " "), text)
    text = _SPELLED.sub(_letters, text)
    return _CONSONANTS.sub(_letters, text)


def _letters(found: re.Match[str]) -> str:
    return " ".join(found[1]) + ("'s" if found[2] else "")


def _stop_if_sentence_ends(found: re.Match[str], had_stop: bool) -> str:
    rest = found.string[found.end() :]
    return "." if had_stop and (not rest.strip() or re.match(r"\s+[A-Z]", rest)) else ""


def _street(found: re.Match[str]) -> str:
    name, kind, stop = found.groups()
    rest = found.string[found.end() :]
    is_saint = kind == "St" and re.match(r"\s+[A-Z][a-z]+", rest) and not name[0].isdigit() and stop
    is_title = kind == "Dr" and re.match(r"\s+[A-Z][a-z]+", rest) and not name[0].isdigit()
    if is_saint or is_title:
        return found[0]
    return f"{name} {_STREETS[kind]}{_stop_if_sentence_ends(found, bool(stop))}"


def _abbreviation(found: re.Match[str]) -> str:
    short, stop = found.groups()
    if not stop and short in _ONLY_WITH_STOP:
        return found[0]
    return _ABBREVIATIONS[short] + _stop_if_sentence_ends(found, bool(stop))


def _state(found: re.Match[str]) -> str:
    state = ", " + _STATES[found[1]]
    if found[3]:
        state += ", " + digits(found[3]) + (", " + digits(found[4]) if found[4] else "")
    return state


def _by_pairs(written: str) -> str:
    """House and room numbers: "fourteen fifty", "one twenty", "two oh five", "twelve hundred"."""
    head, tail = written[:-2], written[-2:]
    if head.startswith("0"):
        return digits(written)
    if tail == "00":
        return f"{cardinal(int(head))} hundred" if int(head) % 10 else cardinal(int(written))
    return f"{cardinal(int(head))} {'oh ' if tail[0] == '0' else ''}{cardinal(int(tail))}"


def _dotted(found: re.Match[str]) -> str:
    letters = " ".join(re.findall("[A-Z]", found[0]))
    gap = " " if found[0].endswith(" ") else ""
    if ". " in found[0].strip():
        return letters + gap  # Initials before a name: "J. R. Smith".
    return letters + _stop_if_sentence_ends(found, not gap) + gap
