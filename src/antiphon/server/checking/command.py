"""`antiphon agents`, with providers and carriers looked at too: the agents' own room must not know them."""

from __future__ import annotations

import argparse
import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from antiphon.agents import command
from antiphon.agents.definition import AgentDefinition
from antiphon.agents.definition.problems import Finding, Problem, Weight
from antiphon.errors import ConfigError

if TYPE_CHECKING:
    from antiphon.providers.prices import PriceBook


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command.register(commands, judge=judge)


def judge(definition: AgentDefinition, today: date | None = None) -> list[Finding]:
    """Everything at once: faults of the operator's price file do not hide what is wrong with the agent's."""
    from antiphon.calls.control.accounts import accounts_in
    from antiphon.calls.control.checking import check_escalation
    from antiphon.providers.checking import check_providers
    from antiphon.providers.model_ends import check_ends
    from antiphon.providers.price_checking import check_prices
    from antiphon.providers.registry import Registry

    registry, speech = Registry(), definition.speech
    today = today or date.today()
    prices, faults = _prices(today)
    return [
        *faults,
        *check_prices(registry, prices, named=[*speech.stt, *speech.tts, *definition.reasoning.models]),
        *check_providers(definition, registry, prices),
        *check_ends(definition, today),
        *check_escalation(definition, accounts_in(os.environ)),
    ]


def _prices(today: date) -> tuple[PriceBook, list[Finding]]:
    """Where the operator's own cannot be read, the book that comes with us, and why."""
    from antiphon.providers.prices import OWN_PRICES, PriceFaults, load_prices

    try:
        return load_prices(today=today), []
    except ConfigError as error:
        faults = error.faults if isinstance(error, PriceFaults) else (error,)
        path = os.environ.get(OWN_PRICES, "")
        return load_prices({}, today=today), [_fault(fault, path) for fault in faults]


def _fault(error: ConfigError, path: str) -> Finding:
    field = error.where.removeprefix(path).lstrip(": ")
    problem = Problem(path=Path(path), line=0, field=field, message=error.message, fix=error.fix)
    return Finding(problem=problem, weight=Weight.ERROR)
