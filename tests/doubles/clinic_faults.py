"""One vendor lost in the middle of a clinic call: what the caller heard, what was booked, what it cost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.doubles.clinic_call import TURNS, Clinic, Talker
from tests.doubles.clinic_charges import Charges, charges, disputed
from tests.doubles.clinic_vendors import ROWS, Loss, row
from tests.doubles.faults import Fault
from tests.doubles.front_desk_mind import beginning_again, is_half
from tests.doubles.paced_loop import live_with_sockets

from antiphon.conversation.commands import RunTool
from antiphon.runtime.records.lines import CallRecord, CommandEntry, NoteEntry

FLOW = "flow/front_desk"
# What the caller hears between his lines, whoever says it: all of it, once, in order.
HEARD = [
    "willow street family health my name is robin and i am an a i assistant how can i help",
    "one moment i'm looking i have friday november twenty seventh at eight a m with doctor okafor or friday "
    "november twenty seventh at ten a m with doctor patel",
    "gladly what is your name and date of birth",
    "thank you linda shall i book friday november twenty seventh at eight a m with doctor okafor",
    "you're booked anything else",
    "goodbye",
]
# From the caller's third line on, his name: slots were found, nothing is booked yet.
LOST_AT = 2
LONGEST_WAIT_MS = 6_000
FILLER = "one moment "
FAULTS = (
    Fault.REFUSE,
    Fault.HANG,
    Fault.DROP_MID_STREAM,
    Fault.RATE_LIMIT,
    Fault.AUTH,
    Fault.CLOSE_CODE,
    Fault.MALFORMED,
    Fault.SLOW_FIRST_BYTE,
)
# Who the call is over besides, and who takes over.
OTHERS = {
    "stt": "assemblyai/universal-streaming-english",
    "llm": "anthropic/claude-haiku-5-5",
    "tts": "cartesia/6ccbfb76-1fc6-48f7-b71d-91ac6298247b",
}
_SECOND = {
    "stt": "deepgram/nova-3",
    "llm": "openai/gpt-6-luna",
    "tts": "elevenlabs/JBFqnCBsd6RMkjVDRZzb",
}


@dataclass(frozen=True, kw_only=True)
class Survived:
    """Attributes: heard: By turn. used: Providers of the role that were paid. longest_ms: Until an answer.
    waits_ms: Until each answer, from the loss on.
    taken_up: Halves of answers that the next model was told.
    charges: Of every vendor, the lost one too: what the call was charged for, and what its double has counted
        (`clinic_charges`)."""

    heard: list[str]
    booked: list[str]
    used: set[str]
    booking_calls: int
    added_ms: int
    longest_ms: int
    waits_ms: list[int]
    taken_up: list[str]
    charges: Charges

    @property
    def _told(self) -> list[str]:
        return [text.removeprefix(FILLER) if at > LOST_AT else text for at, text in enumerate(self.heard)]

    @property
    def faults(self) -> list[str]:
        """What the call owed its caller and did not give; nothing when all is well."""
        disputes = disputed(self.charges)
        owed = {
            "something was said twice or lost": self._told == HEARD,
            "not one booking": self.booked == ["physical"],
            "the tool ran again": self.booking_calls == 1,
            f"charged not once {disputes}": not disputes,
            f"he waited {self.longest_ms} ms": self.longest_ms < LONGEST_WAIT_MS,
        }
        return [what for what, held in owed.items() if not held]


def notes(record: CallRecord, kind: str) -> list[dict[str, Any]]:
    return [
        dict(entry.fields) for entry in record.entries if isinstance(entry, NoteEntry) and entry.type == kind
    ]


def matrix() -> Iterator[tuple[str, str, Fault]]:
    """Role, name and fault: everything there is."""
    for role, rows in ROWS.items():
        for vendor, fault in itertools.product(rows, FAULTS):
            yield role, vendor.name, fault


def are_used(role: str, names: list[str], fault: Fault) -> set[str]:
    """Who of a role is paid in a call whose first one has this fault: who is only slow goes on."""
    return set(names[:1] if fault in (Fault.SLOW_FIRST_BYTE, row(role, names[0]).bears) else names)


def lists_for(role: str, name: str) -> dict[str, list[str]]:
    """The agent's lists in which `name` is asked first."""
    lists = {other: [vendor] for other, vendor in OTHERS.items()}
    behind = OTHERS[role] if name != OTHERS[role] else _SECOND[role]
    return {**lists, role: [name, behind]}


def survive(
    home: Path, lists: dict[str, list[str]], role: str, fault: Fault, *, begins_again: bool = False
) -> Survived:
    """A whole call in which the first of `lists[role]` is lost. A model that takes over goes on behind what
    the caller has heard, unless it `begins_again` and says all of it anew."""
    found: list[Survived] = []

    async def story() -> None:
        async with Clinic(home, lists["stt"], [*lists["llm"], FLOW], lists["tts"]) as clinic:
            lost, loss = clinic.doubles[role, lists[role][0]], Loss(role, lists[role][0], fault)
            next_mind = clinic.doubles["llm", lists["llm"][-1]].wire
            if begins_again:
                next_mind.script = beginning_again
            talker = Talker(TURNS, before_line=lambda at: loss.befall(lost) if at == LOST_AT else None)
            record = await clinic.call(talker)
            booked = [item.appointment_type for item in clinic.booked()]
        before_ms = max(turn.answer_ms for turn in talker.turns[1 : LOST_AT + 1])
        waits_ms = [turn.answer_ms for turn in talker.turns[LOST_AT + 1 :]]
        after_ms = max(waits_ms)
        found.append(
            Survived(
                heard=[turn.heard for turn in talker.turns],
                booked=booked,
                used={note["provider"] for note in notes(record, "usage") if note["role"] == role},
                booking_calls=booking_calls(record),
                added_ms=max(0, after_ms - before_ms),
                longest_ms=after_ms,
                waits_ms=waits_ms,
                taken_up=[asked.turns[-2].text for asked in next_mind.asked if is_half(asked)],
                charges=charges(clinic.doubles, notes(record, "usage")),
            )
        )

    strange = any(row(each, name).strange_threads for each, names in lists.items() for name in names)
    live_with_sockets(story(), strange_threads=strange)
    return found[0]


# Whom the flow takes a call over from knows what was said; the flow asks for it again.
LINES_FOR_FLOW = (*TURNS[:2], *TURNS[:2], "Linda Chen", "April 8th 1979", "yes", "no, thank you")
FLOW_ANSWERS_AT = 1


@dataclass(frozen=True, kw_only=True)
class TakenOver:
    """As `Survived`, where nobody but the flow is behind the model."""

    heard: list[str]
    booked: list[str]
    booking_calls: int
    longest_ms: int


def taken_over_by_flow(home: Path, name: str) -> TakenOver:
    """A whole call in which the only model is lost in the middle of its second answer, and stays away."""
    found: list[TakenOver] = []

    async def story() -> None:
        async with Clinic(home, [OTHERS["stt"]], [name, FLOW], [OTHERS["tts"]]) as clinic:
            lost = clinic.doubles["llm", name]

            def befall(line: int) -> None:
                if line >= FLOW_ANSWERS_AT:
                    fault = Fault.DROP_MID_STREAM if line == FLOW_ANSWERS_AT else Fault.REFUSE
                    Loss("llm", name, fault).befall(lost)

            talker = Talker(LINES_FOR_FLOW, before_line=befall)
            record = await clinic.call(talker)
            booked = [item.appointment_type for item in clinic.booked()]
        found.append(
            TakenOver(
                heard=[turn.heard for turn in talker.turns],
                booked=booked,
                booking_calls=booking_calls(record),
                longest_ms=max(turn.answer_ms for turn in talker.turns),
            )
        )

    live_with_sockets(story())
    return found[0]


def booking_calls(record: CallRecord) -> int:
    commands = [entry.command for entry in record.entries if isinstance(entry, CommandEntry)]
    return sum(isinstance(command, RunTool) and command.name == "clinic.book" for command in commands)
