"""How many random examples a property is tried on."""

from __future__ import annotations

from hypothesis import settings

QUICK_SHARE = 5


def examples(number: int) -> settings:
    """So many of them in `make test`; a share in the quick look of `make check` (profile "quick")."""
    quick = settings.get_current_profile_name() == "quick"
    return settings(max_examples=max(20, number // QUICK_SHARE) if quick else number, deadline=None)
