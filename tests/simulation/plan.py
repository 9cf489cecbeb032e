"""What a simulated call is made of before it begins: policy, caller, weather, and all later decisions."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import structs

from antiphon.conversation import Policy, SilencePolicy
from antiphon.conversation.policy import PRESETS, HandoverPolicy, LinePolicy
from tests.simulation.choices import Made
from tests.simulation.outside import COST_MAX_USD, HAPPENS


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the caller does at a moment.

    Attributes:
        words: How many words of his own, each said once in the whole call; 0 for a noise.
        phrase: Said before them: "mm-hmm", "one second", "dtmf:42#" (keys, not voice).
        unheard: Too quiet for the voice activity detector; the recogniser hears it all the same.
    """

    at_ms: int
    duration_ms: int
    words: int = 0
    phrase: str = ""
    unheard: bool = False


@dataclass(frozen=True, slots=True)
class Stall:
    """From `at_ms` on nothing arrives for `duration_ms`, then all of it at once in a random order.

    `everything`: our own process stood still, so timers and voice activity are late too; else the vendors.
    """

    at_ms: int
    duration_ms: int
    everything: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How much goes wrong, as probabilities per decision."""

    vendor_fault: float = 0.02  # A reply, a chunk, a final, a score, a tool fails or never comes.
    slow: float = 0.05  # ... or takes seconds.
    doubled: float = 0.02  # An event arrives twice.
    jitter: float = 0.03  # An event arrives up to 400 ms late.
    marks_lost: float = 0.05
    stalls: float = 0.0
    reacts: float = 0.1  # The caller talks into a filler, a tool, a goodbye, the last sample.
    echo: float = 0.0  # The agent's own voice comes back as the caller's.
    slow_voice: float = 0.0  # A chunk's audio takes seconds.
    quiet: float = 0.03  # An utterance the voice activity detector misses.


WEATHERS = {
    "fair": Weather(),
    "failing": Weather(vendor_fault=0.1, slow=0.15, doubled=0.1),
    "stalling": Weather(jitter=0.15, stalls=0.8, marks_lost=0.2),
    "unruly": Weather(reacts=0.4, echo=0.15, quiet=0.1),
}
# Weathers with fewer calls in `make test`, each in a file of its own.
RARER_WEATHERS = {
    "hesitant": Weather(slow_voice=0.2, reacts=0.2),
}
_ALL_WEATHERS = {**WEATHERS, **RARER_WEATHERS}
SPEECHLESS = ("mm-hmm", "okay", "right", "yes", "thank you bye")
HOLDS = ("one second", "hold on", "let me find my card")
KEYS = ("dtmf:1", "dtmf:42#", "dtmf:5551234", "dtmf:#")
OUTSIDE_SHARE = 0.12
PROTECTS_SHARE = 0.3
ENDPOINTING = (*("ours",) * 8, "provider", "push_to_talk")

_POLICIES = (
    Policy(silence=SilencePolicy(call_cost_max_usd=COST_MAX_USD)),
    Policy(turn=PRESETS["snappy"]),
    Policy(turn=PRESETS["patient"], protect_greeting=True),
    Policy(fillers=()),
    Policy(silence=SilencePolicy(call_max_ms=25_000, goodbye_max_ms=6000)),
    Policy(silence=SilencePolicy(reprompts_max=0, hold_patience_ms=12_000)),
    Policy(handover=HandoverPolicy(wait_max_ms=30_000, talk_max_ms=60_000), thinking_sound=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One call. With `made`, its decisions are played back; without, they are drawn from `seed`."""

    seed: int = 0
    policy: Policy = field(default_factory=Policy)
    weather: Weather = field(default_factory=Weather)
    utterances: Sequence[Utterance] = ()
    stalls: Sequence[Stall] = ()
    fades: Sequence[tuple[int, bool]] = ()  # When the line becomes poor (true), and good again.
    outside: Sequence[tuple[int, str]] = ()  # When, and which of `outside.HAPPENS`.
    hang_up_ms: int | None = None
    mark_every_ms: int = 200
    protects: tuple[str, ...] = ()  # "r3c0": the first chunk of reply 3 must be heard to its end.
    made: Made | None = None


def random_plan(seed: int, weather: str = "fair") -> Plan:
    """A few minutes of somebody who speaks when he likes, coughs, agrees, presses keys and may hang up."""
    pick = random.Random(f"{weather}/{seed}")
    # Apart, so that a seed without a poor line is the call it always was.
    line = random.Random(f"{weather}/{seed}/line")
    endpointing = random.Random(f"{weather}/{seed}/turns").choice(ENDPOINTING)
    utterances: list[Utterance] = []
    at_ms = pick.randint(0, 6000)
    for _ in range(pick.randint(0, 12)):
        utterance = _utterance(pick, at_ms, _ALL_WEATHERS[weather].quiet)
        utterances.append(utterance)
        at_ms += pick.choice((100, 300, 800, 1500, 4000, 9000)) + utterance.duration_ms
    stalls = [
        Stall(pick.randint(0, max(1, at_ms)), pick.choice((120, 600, 2500, 6000)), pick.random() < 0.4)
        for _ in range(pick.randint(1, 3) if pick.random() < _ALL_WEATHERS[weather].stalls else 0)
    ]
    return Plan(
        seed=seed,
        policy=_ending_turns(
            endpointing,
            _minding_the_line(pick.choice(_POLICIES) if pick.random() < 0.6 else _POLICIES[0], line),
        ),
        weather=_ALL_WEATHERS[weather],
        utterances=tuple(utterances),
        stalls=tuple(stalls),
        fades=_fades(line),
        outside=_outside(random.Random(f"{weather}/{seed}/outside")),
        hang_up_ms=at_ms + pick.randint(0, 20_000) if pick.random() < 0.5 else None,
        mark_every_ms=pick.choice((200, 500, 500, 1000)),
        protects=_protects(random.Random(f"{weather}/{seed}/spans")),
    )


def _ending_turns(endpointing: str, policy: Policy) -> Policy:
    if endpointing == "ours":
        return policy
    return structs.replace(policy, turn=structs.replace(policy.turn, endpointing=endpointing))


def _minding_the_line(policy: Policy, line: random.Random) -> Policy:
    ways = line.choice(((), (), ("ask",), ("ask", "keypad"), ("ask", "keypad", "transfer")))
    return structs.replace(policy, line_quality=LinePolicy(fallback=ways)) if ways else policy


def _fades(line: random.Random) -> tuple[tuple[int, bool], ...]:
    at_ms, fades = line.randint(0, 20_000), []
    for number in range(line.choice((0, 1, 1, 2, 5))):
        fades.append((at_ms, number % 2 == 0))
        at_ms += line.choice((1000, 2500, 6000, 20_000))
    return tuple(fades)


def _protects(pick: random.Random) -> tuple[str, ...]:
    if pick.random() > PROTECTS_SHARE:
        return ()
    return tuple(f"r{pick.randint(1, 8)}c{pick.choice((0, 0, 1))}" for _ in range(pick.randint(1, 4)))


def _outside(pick: random.Random) -> tuple[tuple[int, str], ...]:
    if pick.random() > OUTSIDE_SHARE:
        return ()
    at_ms = pick.randint(0, 40_000)
    kinds = [pick.choice(tuple(HAPPENS)) for _ in range(pick.choice((1, 1, 2, 3)))]
    return tuple(
        (at_ms + place * pick.choice((0, 100, 2000, 9000)), kind) for place, kind in enumerate(kinds)
    )


def _utterance(pick: random.Random, at_ms: int, quiet: float) -> Utterance:
    kind = pick.random()
    if kind < 0.55:
        words = pick.randint(1, 10)
        return Utterance(at_ms, 250 * words + 150, words, unheard=pick.random() < quiet)
    if kind < 0.7:
        return Utterance(at_ms, pick.choice((90, 250, 700, 700, 15_000)))
    if kind < 0.83:
        return Utterance(at_ms, 350, phrase=pick.choice(SPEECHLESS))
    if kind < 0.9:
        return Utterance(at_ms, 900, words=pick.randint(0, 3), phrase=pick.choice(HOLDS))
    return Utterance(at_ms, 0, phrase=pick.choice(KEYS))
