"""A failing call made small: fewer utterances, fewer oddities, and still the same invariant broken.

Delta debugging (Zeller and Hildebrandt, 2002) over everything a call is made of. What remains is written as a
trace that `antiphon replay` and `antiphon calls show` read.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import TypeVar

from tests.simulation.choices import Value
from tests.simulation.judge import Violation, violations
from tests.simulation.plan import Plan, Utterance
from tests.simulation.record import write_trace
from tests.simulation.world import World

T = TypeVar("T")
TRIES_MAX = 3000
_PAIRS_OF_MAX = 12
SOONER_SAID_MAX, SOONER_MADE_MAX = 2, 6
SOONER_AT_MS = 500  # While the greeting is heard.
OFTEN, EARLY_MAX = 10, 40
SECOND_MS = 1000


def broken_by(plan: Plan) -> list[Violation]:
    """What the call breaks; an assertion of the core's own counts as an invariant named "core"."""
    return _outcome(plan)[1]


def shrink(plan: Plan) -> Plan:
    """The smallest call found that breaks the same invariant. The plan must break one."""
    world, found = _outcome(plan)
    assert found, "only a call that breaks something can be made smaller"
    name = found[0].invariant
    tries = 0

    def fails(candidate: Plan) -> bool:
        nonlocal tries
        tries += 1
        return tries <= TRIES_MAX and any(v.invariant == name for v in broken_by(candidate))

    smallest = dataclasses.replace(plan, made=dict(world.choices.made))
    assert fails(smallest), "a call played back breaks what it broke"
    smallest = _until_it_breaks(smallest, fails)
    smallest = next((sooner for sooner in _sooner(smallest) if fails(sooner)), smallest)
    while True:
        before = _size(smallest)
        smallest = _pass(smallest, fails)
        if _size(smallest) >= before:
            smallest = _without_a_pair(smallest, fails)
        if _size(smallest) >= before:  # What stood between the last things may be gone by now.
            anew = (plan for plan in chain(_sooner(smallest), _elsewhere(smallest)) if _size(plan) < before)
            smallest = next((plan for plan in anew if fails(plan)), smallest)
        if _size(smallest) >= before:
            return _until_he_hangs_up(smallest, fails)


def explain(plan: Plan, directory: Path | None = None) -> str:
    """Shrink, write the trace, and say in a few lines what broke and how to see it."""
    small = shrink(plan)
    world, found = _outcome(small)
    folder = directory or Path(tempfile.mkdtemp(prefix="antiphon-simulation-"))
    notes = [("violation", str(violation)) for violation in found]
    path = write_trace(
        folder / f"{found[0].invariant}-{plan.seed}.jsonl", plan.policy, world.steps, notes=notes
    )
    size = f"{len(world.steps)} events, {len(small.utterances)} utterances, {len(small.made or {})} oddities"
    return f"{found[0]}\n  smallest: {size}\n  antiphon replay {path}"


def _outcome(plan: Plan) -> tuple[World, list[Violation]]:
    world = World(plan)
    try:
        world.run()
        return world, violations(world)
    except AssertionError as error:
        return world, [Violation("core", str(error))]


def _pass(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """Once over everything that can be left out or made shorter."""
    replace = dataclasses.replace
    if plan.stalls:
        stalls = fewer(plan.stalls, lambda kept: fails(replace(plan, stalls=tuple(kept))))
        plan = replace(plan, stalls=tuple(stalls))
    utterances = fewer(plan.utterances, lambda kept: fails(replace(plan, utterances=tuple(kept))))
    plan = replace(plan, utterances=tuple(utterances))
    made = list((plan.made or {}).items())
    plan = replace(plan, made=dict(fewer(made, lambda kept: fails(replace(plan, made=dict(kept))))))
    if plan.fades and fails(replace(plan, fades=())):
        plan = replace(plan, fades=())
    if plan.protects and fails(replace(plan, protects=())):
        plan = replace(plan, protects=())
    if plan.outside:
        outside = fewer(plan.outside, lambda kept: fails(replace(plan, outside=tuple(kept))))
        plan = replace(plan, outside=tuple(outside))
    if plan.hang_up_ms is not None and fails(replace(plan, hang_up_ms=None)):
        plan = replace(plan, hang_up_ms=None)
    for index, utterance in enumerate(plan.utterances):
        for plainer in _plainer(utterance):
            shorter = (*plan.utterances[:index], plainer, *plan.utterances[index + 1 :])
            if fails(replace(plan, utterances=shorter)):
                plan = replace(plan, utterances=shorter)
                break
    return plan


def _without_a_pair(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """Two oddities may matter only by being alike: neither can be left out, both can."""
    made = dict(plan.made or {})
    if len(made) > _PAIRS_OF_MAX:
        return plan
    for pair in combinations(made, 2):
        rest = {name: value for name, value in made.items() if name not in pair}
        if fails(dataclasses.replace(plan, made=rest)):
            return dataclasses.replace(plan, made=rest)
    return plan


def _plainer(utterance: Utterance) -> list[Utterance]:
    """Shorter ways to have said it."""
    if utterance.words > 1:
        return [dataclasses.replace(utterance, words=1, duration_ms=400)]
    return [dataclasses.replace(utterance, duration_ms=400)] if utterance.duration_ms > 400 else []


def fewer(things: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """A subset that still fails and of which no single thing can be left out.

    Halves, quarters and so on are left out, the last first: what comes late changes nothing of what was.
    """
    kept = list(things)
    if kept and fails([]):
        return []
    size = max(1, len(kept) // 2)
    while kept:
        before = len(kept)
        for end in range(len(kept), 0, -size):
            rest = kept[: max(0, end - size)] + kept[end:]
            if rest and fails(rest):
                kept = rest
        if size > 1:
            size //= 2
        elif len(kept) == before:
            break
    return kept


def _until_it_breaks(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """Without what happens only when it is broken already."""
    replace = dataclasses.replace
    made = list((plan.made or {}).items())
    plan = replace(plan, made=dict(_beginning(made, lambda kept: fails(replace(plan, made=dict(kept))))))
    said = _beginning(plan.utterances, lambda kept: fails(replace(plan, utterances=tuple(kept))))
    return replace(plan, utterances=tuple(said))


def _beginning(things: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """By halves: the shortest that still fails, if any longer one does."""
    enough, too_few = len(things), -1
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if fails(things[:middle]):
            enough = middle
        else:
            too_few = middle
    return things[:enough]


def _until_he_hangs_up(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """A call that is broken need not last until its time limit."""
    late_ms, early_ms = _outcome(plan)[0].now_ms, 0
    shortest = plan
    while late_ms - early_ms > SECOND_MS:
        middle_ms = (late_ms + early_ms) // 2
        shorter = dataclasses.replace(plan, hang_up_ms=middle_ms)
        if fails(shorter):
            shortest, late_ms = shorter, middle_ms
        else:
            early_ms = middle_ms
    return shortest


def _sooner(plan: Plan) -> Iterator[Plan]:
    """The last things that happened, and nothing before them: a fault that took long to show may be in reach
    of the greeting. Decisions are numbered anew."""
    for utterances, decisions in _last_things(plan):
        yield _begun_anew(plan, utterances, {key: value for key, value, _ in decisions})


def _elsewhere(plan: Plan) -> Iterator[Plan]:
    """As `_sooner`, but what is decided for every event happens to another early one: numbered anew, it no
    longer meets the event that it met."""
    for utterances, decisions in _last_things(plan):
        for key, value, number in decisions:
            if number < OFTEN:
                continue
            rest = {name: found for name, found, _ in decisions if name != key}
            for early in range(1, EARLY_MAX):
                yield _begun_anew(plan, utterances, {**rest, (key[0], early): value})


def _last_things(
    plan: Plan,
) -> Iterator[tuple[tuple[Utterance, ...], list[tuple[tuple[str, int], Value, int]]]]:
    """A few utterances as the greeting is heard, and decisions with their new and their old number."""
    made = list((plan.made or {}).items())
    for said in range(min(SOONER_SAID_MAX, len(plan.utterances)) + 1):
        last = plan.utterances[len(plan.utterances) - said :]
        earlier_ms = last[0].at_ms - SOONER_AT_MS if last else 0
        utterances = tuple(dataclasses.replace(u, at_ms=u.at_ms - earlier_ms) for u in last)
        for count in range(min(SOONER_MADE_MAX, len(made)) + 1):
            numbers: Counter[str] = Counter()
            anew = []
            for (name, number), value in made[len(made) - count :]:
                anew.append(((name, numbers[name]), value, number))
                numbers[name] += 1
            yield utterances, anew


def _begun_anew(plan: Plan, utterances: tuple[Utterance, ...], made: dict[tuple[str, int], Value]) -> Plan:
    return dataclasses.replace(plan, utterances=utterances, made=made, stalls=(), outside=(), hang_up_ms=None)


def _size(plan: Plan) -> int:
    spoken = sum(utterance.duration_ms for utterance in plan.utterances)
    return (
        spoken
        + 1000 * (len(plan.utterances) + len(plan.stalls) + len(plan.outside) + len(plan.made or {}))
        + (1000 if plan.hang_up_ms is not None else 0)
    )
