"""Where telling a caller that he is recorded is enough, and where he must be asked. Whatever is not known
here must be asked: a place is in these tables because its law lets one party to a call record it.

Federal law does (18 U.S.C. 2511(2)(d)); states may be stricter and hold whoever records their residents to
that. All must agree in CA (Penal Code 632), CT (Gen. Stat. 52-570d), DE (11 Del. C. 1335), FL (Stat. 934.03),
IL (720 ILCS 5/14-2), MD (Cts. & Jud. Proc. 10-402), MA (ch. 272, 99), MT (Code 45-8-213), NV (NRS 200.620),
NH (RSA 570-A:2), PA (18 Pa.C.S. 5704) and WA (RCW 9.73.030); MI, OR and VT are asked in for doubt, and so is
every other country. From general knowledge, not from reading the statutes; it is no legal advice, and the
operator's lawyer has the last word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Area codes by state, as `phonenumbers` 9.0 knows the numbering plan. In a new one callers are asked.
_TELLING_IS_ENOUGH: Final[dict[str, str]] = {
    "AK": "907",
    "AL": "205 251 256 334 659 938",
    "AR": "327 479 501 870",
    "AZ": "480 520 602 623 928",
    "CO": "303 719 720 748 970 983",
    "DC": "202 771",
    "GA": "229 404 470 478 678 706 762 770 912 943",
    "HI": "808",
    "IA": "319 515 563 641 712",
    "ID": "208 986",
    "IN": "219 260 317 463 574 765 812 930",
    "KS": "316 620 785 913",
    "KY": "270 364 502 606 859",
    "LA": "225 318 337 504 985",
    "ME": "207",
    "MN": "218 320 507 612 651 763 952",
    "MO": "235 314 417 557 573 636 660 816 975",
    "MS": "228 601 662 769",
    "NC": "252 336 472 704 743 828 910 919 980 984",
    "ND": "701",
    "NE": "308 402 531",
    "NJ": "201 551 609 640 732 848 856 862 908 973",
    "NM": "505 575",
    "NY": ("212 315 329 332 347 363 516 518 585 607 631 646 680 716 718 838 845 914 917 929 934"),
    "OH": "216 220 234 283 326 330 380 419 440 513 567 614 740 937",
    "OK": "405 539 572 580 918",
    "RI": "401",
    "SC": "803 821 839 843 854 864",
    "SD": "605",
    "TN": "423 615 629 731 865 901 931",
    "TX": (
        "210 214 254 281 325 346 361 409 430 432 469 512 682 713 726 737 806 817 830 832 "
        "903 915 936 940 945 956 972 979"
    ),
    "UT": "385 435 801",
    "VA": "276 434 540 571 686 703 757 804 826 948",
    "WI": "262 274 353 414 534 608 715 920",
    "WV": "304 681",
    "WY": "307",
}
_STATE_OF: Final = {code: state for state, codes in _TELLING_IS_ENOUGH.items() for code in codes.split()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Whether a caller must be asked before he is recorded, and why."""

    needed: bool
    why: str


def must_ask(place: str, caller_number: str) -> Asking:
    """The stricter of the two ends decides.

    Args:
        place: Where the operator records, "US-NY"; "" where nobody said.
        caller_number: E.164, "" where none is shown. Its area code stands for where the caller is.
    """
    country, _, state = place.partition("-")
    if country != "US" or state not in _TELLING_IS_ENOUGH:
        return Asking(
            needed=True, why=f"recorded in {place}" if place else "nobody said where it is recorded"
        )
    caller_state = _state(caller_number)
    if not caller_state:
        return Asking(needed=True, why="where the caller is, all must agree, or nobody knows")
    return Asking(needed=False, why=f"one party may record, in {state} and in {caller_state}")


def _state(number: str) -> str:
    """The state of a US number among those where telling is enough, else ""."""
    is_us = number.startswith("+1") and len(number) == len("+12125550100") and number[1:].isdecimal()
    return _STATE_OF.get(number[2:5], "") if is_us else ""
