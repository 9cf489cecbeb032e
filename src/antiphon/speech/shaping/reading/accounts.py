"""Numbers of accounts in the groups they are written in, common to all languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

IBAN: Final = re.compile(r"(?<![\w-])[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?(?![\w-])")


def account(written: str, digits: Callable[[str], str]) -> str:
    """Sign by sign, a pause behind every four."""
    signs = written.replace(" ", "")
    groups = [signs[at : at + 4] for at in range(0, len(signs), 4)]
    return ", ".join(" ".join(digits(sign) if sign.isdigit() else sign for sign in group) for group in groups)
