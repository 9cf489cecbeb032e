"""Whom a caller is asked to call in our place, and what that person is to be told with it: the value of
Refer-To. Pure.

Sources: RFC 3515, section 2.1; RFC 3261, sections 19.1.1 (headers of a URI), 19.1.2 (escaping) and 20 (an
address with a comma, question mark or semicolon stands in angle brackets).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

# UDP carries 1300 bytes before fragments get lost (RFC 3261, 18.1.1); the rest of a REFER has about 600.
ADDRESS_MAX_BYTES = 640
_BRACKETED = frozenset(",?;")
# Debian's baresip 1.0.0 takes the address for a format of printf: "%20s" ends the caller's telephone. So no
# sign of ASCII is escaped; letters of other scripts have to be.
_PLAIN = "-_.!~*'()[]/:+$"
_SEPARATING = re.compile(rf"[^A-Za-z0-9{re.escape(_PLAIN)}\u0080-\U0010ffff]+")


def refer_to(address: str, headers: Mapping[str, str]) -> str:
    """`address` with `headers` for the request to it, "X-" before each name.

    Spaces, and signs that would have to be escaped, become "_". What is too long loses its end; a header of
    which nothing is left is left out.
    """
    said, mark = address, "&" if "?" in address else "?"
    for name, value in headers.items():
        begin = f"{mark}X-{quote(name, safe='')}="
        told = _escaped(value, ADDRESS_MAX_BYTES - len(said) - len(begin))
        if told:
            said, mark = said + begin + told, "&"
    return f"<{said}>" if _BRACKETED & set(said) else said


def _escaped(text: str, bytes_max: int) -> str:
    """Words with "_" between them, on one line: who unescapes a line end would write a header of his own."""
    told = ""
    for sign in _SEPARATING.sub("_", "".join(sign if sign.isprintable() else " " for sign in text)).strip(
        "_"
    ):
        more = quote(sign, safe=_PLAIN)
        if len(told) + len(more) > bytes_max:
            break
        told += more
    return told
