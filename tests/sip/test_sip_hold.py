"""Hold and resume when the dialog is in the middle of something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest
from baresip import BaresipError, CallState
from baresip.events import StackEvent

from antiphon.calls.sip import baresip_leg
from antiphon.calls.sip.baresip_leg import BaresipLeg
from antiphon.errors import CallFailed

UNDER_WAY = "resume not sent: a session refresh is already in flight; retry shortly"


class _Dialog:
    """Refuses with these, one a time, then does as it is told."""

    state, handle = CallState.ESTABLISHED, 1

    def __init__(self, refusals: Sequence[str]) -> None:
        self._refusals = list(refusals)
        self.offers = 0

    def on(self, handler: Any) -> None: ...

    async def hold(self) -> None:
        self.offers += 1
        if self._refusals:
            raise BaresipError(self._refusals.pop(0))

    resume = hold


class _Home:
    def missed(self, handle: int) -> Sequence[StackEvent]:
        return ()

    def came(self, leg: BaresipLeg) -> None: ...
    def gone(self, leg: BaresipLeg) -> None: ...


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baresip_leg, "_OFFER_AGAIN_S", 0)


@pytest.mark.parametrize("held", [True, False])
async def test_a_caller_is_taken_off_hold_while_the_last_offer_waits_for_its_answer(*, held: bool) -> None:
    dialog = _Dialog([UNDER_WAY] * 3)
    await BaresipLeg(cast(Any, dialog), _Home()).hold(held)
    assert dialog.offers == 4


@pytest.mark.parametrize(("refusals", "offers"), [([UNDER_WAY] * 100, 12), (["resume failed: Bad file"], 1)])
async def test_an_offer_that_is_never_sent_is_told(refusals: list[str], offers: int) -> None:
    dialog = _Dialog(refusals)
    with pytest.raises(CallFailed, match="resume"):
        await BaresipLeg(cast(Any, dialog), _Home()).hold(False)
    assert dialog.offers == offers
