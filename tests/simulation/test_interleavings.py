"""Races, searched and not waited for: barge-in, tool result, hang-up, playout mark, final and timer at one
instant, in every order, from the moments of a call where they meet."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import msgspec
import pytest

from antiphon.conversation import Policy, SilencePolicy
from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from tests.simulation.faults import flushed_replies_are_resumed
from tests.simulation.interleavings import Scene, explore, orders
from tests.simulation.plan import Plan, Utterance
from tests.simulation.world import World

ASKS = Utterance(2500, 900, 3)
# His first word says that he interrupts: by others we would wait for more, and nothing would meet here.
INTERRUPTS = Utterance(0, 1200, 4, phrase="stop")
HANGS_UP = ev.CallerHungUp(at_ms=0)
CALM = Plan(utterances=(ASKS,), made={}, mark_every_ms=200)
TOOL = Plan(utterances=(ASKS,), made={("asks a tool", 0): True, ("tool delay", 0): 0}, mark_every_ms=500)
SLOW_TOOL = Plan(utterances=(ASKS,), made={("asks a tool", 0): True, ("tool delay", 0): 2}, mark_every_ms=500)


def commanded(kind: type[cmd.Command], **fields: object) -> Callable[[World], bool]:
    """The last step asked for this."""

    def begins(world: World) -> bool:
        commands = world.steps[-1][1] if world.steps else []
        return any(
            isinstance(command, kind) and fields.items() <= msgspec.structs.asdict(command).items()
            for command in commands
        )

    return begins


def heard(reply_id: str, heard_ms: int) -> Callable[[World], bool]:
    return lambda world: world.line.cursor_ms(world.line.reply(reply_id)) >= heard_ms


SCENES = [
    Scene(
        name="a barge-in, its words, a mark and a hang-up during the greeting",
        plan=CALM,
        begins=heard("r1", 400),
        says=(INTERRUPTS,),
        adds=(HANGS_UP,),
    ),
    Scene(
        name="a barge-in exactly at the last sample",
        plan=CALM,
        begins=heard("r1", 1400),
        says=(INTERRUPTS,),
        adds=(ev.DtmfReceived(at_ms=0, digit="1"),),
    ),
    Scene(
        name="a tool result, a barge-in and a hang-up",
        plan=TOOL,
        begins=commanded(cmd.RunTool),
        says=(INTERRUPTS,),
        adds=(HANGS_UP, ev.DtmfReceived(at_ms=0, digit="7")),
    ),
    Scene(
        name="a filler, the tool result it covers, the reply and a barge-in",
        plan=SLOW_TOOL,
        begins=heard("f1", 20),
        says=(INTERRUPTS,),
        adds=(HANGS_UP,),
    ),
    Scene(
        name="a final, its score, the stop silence and a second thought",
        plan=CALM,
        begins=commanded(cmd.ScoreEndOfTurn),
        says=(INTERRUPTS,),
        adds=(HANGS_UP, ev.OperatorEnded(at_ms=0)),
    ),
    Scene(
        name="the end of a hold, the final of a cough and a key",
        plan=Plan(utterances=(Utterance(400, 500),), made={}, mark_every_ms=1000),
        begins=commanded(cmd.FinalizeTranscript),
        window_ms=500,
        adds=(HANGS_UP, ev.DtmfReceived(at_ms=0, digit="*")),
    ),
    Scene(
        name="the time limit, a final, the stop silence and a key",
        plan=Plan(
            utterances=(ASKS,),
            made={},
            policy=Policy(silence=SilencePolicy(call_max_ms=3700)),
            mark_every_ms=500,
        ),
        begins=commanded(cmd.FinalizeTranscript),
        window_ms=400,
        adds=(ev.DtmfReceived(at_ms=0, digit="1"), ev.OperatorEnded(at_ms=0)),
    ),
    Scene(
        name="the last words of a goodbye, a caller who comes back and an operator",
        plan=Plan(made={}, policy=Policy(silence=SilencePolicy(reprompts_max=0)), mark_every_ms=500),
        begins=heard("r2", 1400),
        says=(INTERRUPTS,),
        adds=(ev.OperatorEnded(at_ms=0), HANGS_UP),
    ),
    Scene(
        name="a draft that is ready, its confirmation, a voice and a key",
        plan=Plan(utterances=(ASKS,), made={("score", 0): 2, ("reply delay", 1): 1}, mark_every_ms=500),
        begins=commanded(cmd.StartReply, speculative=True),
        window_ms=500,
        says=(INTERRUPTS,),
        adds=(HANGS_UP, ev.DtmfReceived(at_ms=0, digit="3")),
    ),
    Scene(
        name="the line fails while a tool answers twice and the caller speaks",
        plan=Plan(
            utterances=(ASKS,),
            made={("asks a tool", 0): True, ("the tool answers twice", 0): True},
            mark_every_ms=500,
        ),
        begins=commanded(cmd.RunTool),
        says=(INTERRUPTS,),
        adds=(ev.LineFailed(at_ms=0, reason="sim"),),
    ),
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name.replace(" ", "_"))
def test_no_order_of_what_happens_at_once_breaks_an_invariant(scene: Scene) -> None:
    found = list(explore(scene))
    broken = {" > ".join(order): str(found[0]) for order, found in found if found}
    assert not broken, f"{len(broken)} orders: {next(iter(broken.items()))}"
    assert len(found) >= 12, f"only {len(found)} orders: nothing meets here"


def test_a_race_put_into_the_core_is_found_in_some_orders_only(monkeypatch: pytest.MonkeyPatch) -> None:
    flushed_replies_are_resumed(monkeypatch)
    found = [bool(violations) for _, violations in explore(SCENES[1])]
    assert any(found) and not all(found), "it takes the words before the end of playout"


def test_every_order_is_tried_once() -> None:
    tried = list(orders({"a": 2, "b": 1, "c": 2}))
    assert len(tried) == len(set(tried)) == factorial(5) // (factorial(2) * factorial(2))
