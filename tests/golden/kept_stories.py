"""What must be heard is heard, and nothing that callers say, type or press is lost or out of order."""

from __future__ import annotations

import pytest

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation import spans
from tests.golden.telling import Answer, Story, Told, spoken

PRICES = "What does it cost?"
NOTICE = "Prices do not bind us and may change before the day of your visit."


def _prices(call: Story) -> None:
    """The caller is in the middle of what the law wants him to hear."""
    call.answers(
        PRICES,
        Answer(chunks=("About the prices.", NOTICE, "A cleaning is ninety dollars."), protected=(NOTICE,)),
    )
    call.greeted()
    call.says(PRICES)
    call.hears("r2", 2500)


def _operator_ends_within_the_notice(call: Story) -> None:
    _prices(call)
    call.happens(ev.OperatorEnded(at_ms=call.world.now_ms))
    call.until_end()


def _notice_is_whole_and_then_goodbye(told: Told) -> None:
    reports = {report.reply_id: report for _, report in told.commands(cmd.ReportHeard)}
    assert reports["r2"].protected == "heard"
    assert reports["r2"].text == f"About the prices. {NOTICE}", "and not a word behind it"
    assert reports["r3"].text == "Thank you for calling. Goodbye."
    assert told.only(cmd.EndCall)[1].cause == "operator"


def _limits_wait_for_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(spans, "under_way", lambda state: False)


SYMPTOMS = [
    spoken(
        "call_ends_within_the_legal_notice", "P7",
        story=_operator_ends_within_the_notice, absent=_notice_is_whole_and_then_goodbye,
        fault=_limits_wait_for_nothing,
    ),
]  # fmt: skip
