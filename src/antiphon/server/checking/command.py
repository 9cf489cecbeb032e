"""`antiphon agents`, with providers and carriers looked at too: the agents' own room must not know them."""

from __future__ import annotations

import argparse
import os
from datetime import date

from antiphon.agents import command
from antiphon.agents.definition import AgentDefinition
from antiphon.agents.definition.problems import Finding


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command.register(commands, judge=judge)


def judge(definition: AgentDefinition) -> list[Finding]:
    """Raises ConfigError when the operator's price file is wrong."""
    from antiphon.calls.control.accounts import accounts_in
    from antiphon.calls.control.checking import check_escalation
    from antiphon.providers.checking import check_prices, check_providers
    from antiphon.providers.prices import load_prices
    from antiphon.providers.registry import Registry

    registry, prices = Registry(), load_prices(today=date.today())
    return [
        *check_prices(registry, prices),
        *check_providers(definition, registry, prices),
        *check_escalation(definition, accounts_in(os.environ)),
    ]
