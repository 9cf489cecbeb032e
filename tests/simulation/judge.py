"""The invariants: what must hold of every call, whatever happened in it."""

from __future__ import annotations

from collections import Counter

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from tests.simulation.world import MS_PER_CHARACTER, World

# A word may be credited this early (see conversation/heard.py) and marks lag by one.
HEARD_TOLERANCE_MS = 120


def violations(world: World) -> list[str]:
    """Every broken invariant of a finished call, as sentences."""
    found = list(world.violations)
    found += _every_reply_ends_once(world)
    found += _reports_say_what_was_played(world)
    found += _every_word_is_used_once(world)
    found += _effects_happen_once(world)
    found += _silence_is_bounded(world)
    found += _asking_again_is_bounded(world)
    return found


def _every_reply_ends_once(world: World) -> list[str]:
    found = []
    started = {c.reply_id: c for _, c in world.commands if isinstance(c, cmd.StartReply)}
    confirmed = {c.reply_id for _, c in world.commands if isinstance(c, cmd.ConfirmReply)}
    cancelled = {c.reply_id for _, c in world.commands if isinstance(c, cmd.CancelReply)}
    for reply_id, start in started.items():
        real = not start.speculative or reply_id in confirmed
        reports = len(world.reports.get(reply_id, []))
        if real and reports != 1:
            found.append(f"{reply_id} was reported {reports} times")
        if not real and reports:
            found.append(f"{reply_id} was only a draft and yet reported")
        if not real and reply_id not in cancelled and not _failed(world, reply_id):
            found.append(f"draft {reply_id} was neither confirmed nor cancelled")
    return found


def _failed(world: World, reply_id: str) -> bool:
    return any(isinstance(e, ev.ReplyFailed) and e.reply_id == reply_id for e in world.events)


def _reports_say_what_was_played(world: World) -> list[str]:
    found = []
    for reply_id, reports in world.reports.items():
        playing = world._line.get(reply_id)
        played_ms = playing.heard_ms if playing is not None else 0
        words = " ".join(world._chunks.get(reply_id, [])).split()
        said = reports[0].text.split()
        if said != words[: len(said)] and not _lost_chunk(world, reply_id):
            found.append(f"{reply_id} is reported in other words than it has")
        said_ms = len(" ".join(said)) * MS_PER_CHARACTER
        word_ms = max((len(word) + 1 for word in words), default=0) * MS_PER_CHARACTER
        if said_ms > played_ms + HEARD_TOLERANCE_MS + word_ms and not _lost_chunk(world, reply_id):
            found.append(f"{reply_id}: {said_ms} ms reported, {played_ms} ms played")
    return found


def _lost_chunk(world: World, reply_id: str) -> bool:
    return any(isinstance(e, ev.SynthesisFailed) and e.reply_id == reply_id for e in world.events)


def _every_word_is_used_once(world: World) -> list[str]:
    used: Counter[str] = Counter()
    for _, command in world.commands:
        if isinstance(command, cmd.CommitTurn) or (
            isinstance(command, cmd.NoteUtterance) and command.kind != "late"
        ):
            used.update(word for word in command.text.split() if word.startswith("w"))
    found = [f"{word} is in {count} turns" for word, count in used.items() if count > 1]
    open_turn = world.conversation.state.turn
    still_open = set(open_turn.text().split()) if open_turn is not None else set()
    late = " ".join(
        c.text for _, c in world.commands if isinstance(c, cmd.NoteUtterance) and c.kind == "late"
    ).split()
    for final in world.finals:
        for word in final.split():
            if word.startswith("w") and word not in used and word not in still_open and word not in late:
                found.append(f"{word} was understood and then lost")
    return found


def _effects_happen_once(world: World) -> list[str]:
    counts = Counter(
        c.idempotency_key
        for _, c in world.commands
        if isinstance(c, cmd.RunTool) and c.arguments == "{}" and _is_write(world, c.tool_call_id)
    )
    return [f"the effect {key} ran {count} times" for key, count in counts.items() if count > 1]


def _is_write(world: World, tool_call_id: str) -> bool:
    return any(
        isinstance(e, ev.ToolRequested) and e.tool_call_id == tool_call_id and e.effect == "write"
        for e in world.events
    )


def _silence_is_bounded(world: World) -> list[str]:
    silence = world.policy.silence
    bound_ms = max(silence.reprompt_after_ms, silence.reply_deadline_ms) + 6000
    if world.conversation.state.on_hold:
        return []
    if world.longest_silence_ms > bound_ms:
        return [f"{world.longest_silence_ms} ms of dead air"]
    return []


def _asking_again_is_bounded(world: World) -> list[str]:
    in_a_row = 0
    for _, command in world.commands:
        if isinstance(command, cmd.CommitTurn):
            in_a_row = 0
        elif isinstance(command, cmd.StartReply) and command.kind == "reprompt":
            in_a_row += 1
        if in_a_row > world.policy.silence.reprompts_max:
            return [f"the caller was asked again {in_a_row} times in a row"]
    return []
