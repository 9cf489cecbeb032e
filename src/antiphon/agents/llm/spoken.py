"""What a model that hears and speaks by itself is told: who it is, which tools there are, what to say now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from antiphon.agents.definition.values import AgentDefinition
from antiphon.agents.keys import keys_alone
from antiphon.agents.llm.continuing import heard_half
from antiphon.agents.llm.reasoner import END_CALL, HAND_OVER, instructions, moment
from antiphon.agents.ports import (
    BROKE_OFF,
    CallerTurn,
    Exchange,
    HeardReply,
    ReplyKind,
    ReplyRequest,
    Tool,
)
from antiphon.speech.ports import SpokenTool

GO_ON = (
    'Your last answer broke off in the middle. The caller has heard it as far as this: "{half}". Go on with '
    "the very next word, repeat nothing and do not mention the interruption."
)
ANSWER_LAST = "Answer what the caller said last."


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenBrief:
    """Attributes: names: of tools, from the plain ones the model sees to ours."""

    instructions: str
    tools: tuple[SpokenTool, ...]
    names: Mapping[str, str]


def brief(
    definition: AgentDefinition, tools: Sequence[Tool], *, now: datetime, caller_number: str = ""
) -> SpokenBrief:
    """For one call's session."""
    lines = [instructions(definition), f"Speak {definition.language}.", moment(definition, now)]
    if definition.speech.vocabulary:
        # No vendor has a field for them.
        terms = ", ".join(definition.speech.vocabulary)
        lines.append(f"Names and terms the caller may use, as they are written: {terms}.")
    if caller_number:
        lines.append(f"The caller's number is {caller_number}.")
    if greets_in_exact_words(definition):
        lines.append(f'The caller was greeted already, word for word: "{definition.opening}"')
    lines.append(f'To "are you a robot?" say: "{definition.ai_answer}"')
    # Plain names, as every vendor accepts them: letters, digits, underscores and dashes.
    offered = {tool.name.replace(".", "_"): tool for tool in (*tools, END_CALL, HAND_OVER)}
    spoken = tuple(
        SpokenTool(name=plain, description=tool.description, parameters=tool.parameters)
        for plain, tool in offered.items()
    )
    names = {plain: tool.name for plain, tool in offered.items()}
    return SpokenBrief(instructions="\n".join(lines), tools=spoken, names=names)


def greets_in_exact_words(definition: AgentDefinition) -> bool:
    """A model says about what it is asked to say; what the law wants heard is said by a voice."""
    return bool(definition.owed)


def wish(definition: AgentDefinition, request: ReplyRequest) -> str:
    """What to say for a reply that no caller's turn asks for by its sound; "" for one that does."""
    match request.kind:
        case ReplyKind.GREETING:
            return f'Greet the caller with exactly these words: "{definition.opening}"'
        case ReplyKind.REPROMPT:
            return "The caller has said nothing. Ask your last question again, shorter and in other words."
        case ReplyKind.GOODBYE:
            return f"The call ends now because of: {request.reason}. Say a short, kind goodbye."
        case ReplyKind.TURN if keys := keys_alone(request.text):
            return f"The caller pressed the keys {' '.join(keys)} on the telephone. Answer that."
        case ReplyKind.TURN if request.reason == BROKE_OFF:
            half = heard_half(request)
            return GO_ON.format(half=half) if half else ANSWER_LAST
        case _:
            return ""


def told_history(history: Sequence[Exchange]) -> list[tuple[str, str]]:
    """As (role, text) for a new session: also what tools have told, lest an effect be forgotten."""
    told = []
    for item in history:
        match item:
            case CallerTurn():
                told.append(("caller", item.text))
            case HeardReply():
                told.append(("agent", item.text if item.complete else f"{item.text}— (interrupted)"))
            case _:
                told.append(("agent", f"(used {item.name}({item.arguments}) -> {item.result})"))
    return told
