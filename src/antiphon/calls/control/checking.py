"""What an agent file asks of carriers, held against what each can do, before a call is taken."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from antiphon.agents.definition import AgentDefinition
from antiphon.agents.definition.document import Document, dotted, read_document
from antiphon.agents.definition.problems import Finding, KeyPath, Problem, Weight
from antiphon.calls.control.accounts import CAPABILITIES, NEEDED
from antiphon.calls.numbers import is_sip, target_of
from antiphon.calls.ports import Capability
from antiphon.calls.sip.capabilities import CARRIER as SIP
from antiphon.calls.sip.settings import TRUNK
from antiphon.errors import ConfigError, Denied
from antiphon.trust.dialling import permit_transfer

_AT: KeyPath = ("escalation", "carrier")


def check_escalation(
    definition: AgentDefinition,
    accounts: Collection[str],
    capabilities: Mapping[str, frozenset[Capability]] = CAPABILITIES,
) -> Iterator[Finding]:
    """Everything about the way to a person that cannot work, or not on this machine.

    Args:
        accounts: Carriers there are credentials for.
        capabilities: What each carrier's interface can do.
    """
    escalation, document = definition.escalation, read_document(definition.path)
    yield from _targets(document, definition)
    if escalation.mode != "warm" or not escalation.carrier:
        return
    carrier = escalation.carrier
    able = capabilities.get(carrier, frozenset())
    if Capability.DIAL not in able:
        can = ", ".join(name for name, all_ in capabilities.items() if Capability.DIAL in all_)
        message = f"calls cannot be placed through {carrier}, so no caller can be kept waiting"
        yield _finding(document, _AT, message, f"one of {can}; or write `mode: cold`", Weight.ERROR)
    elif Capability.SIP_HEADERS not in able and carrier != SIP and is_sip(escalation.target):
        message = f"{carrier} cannot call a SIP address"
        yield _finding(document, ("escalation", "target"), message, "write a number", Weight.ERROR)
    elif carrier not in accounts:
        message = f"there are no credentials for {carrier}: calls will be passed on cold"
        yield _finding(document, _AT, message, f"set {', '.join(NEEDED.get(carrier, (TRUNK,)))}", Weight.HERE)


def _targets(document: Document, definition: AgentDefinition) -> Iterator[Finding]:
    escalation = definition.escalation
    named = {("escalation", "targets", name): target for name, target in escalation.targets.items()}
    for at, target in ({("escalation", "target"): escalation.target} | named).items():
        if not target:
            continue
        try:
            permit_transfer(target_of(target), (target,))
        except ConfigError as error:
            yield _finding(document, at, error.message, error.fix, Weight.ERROR)
        except Denied as error:
            yield _finding(document, at, str(error), "name another number", Weight.ERROR)


def _finding(document: Document, at: KeyPath, message: str, fix: str, weight: Weight) -> Finding:
    problem = Problem(path=document.path, line=document.line(at), field=dotted(at), message=message, fix=fix)
    return Finding(problem=problem, weight=weight)
