"""Tools: reads run at once, effects wait for a confirmed turn and happen at most once per intent."""

from __future__ import annotations

import hashlib

from antiphon.conversation import replies
from antiphon.conversation.commands import ReuseToolResult, RunTool
from antiphon.conversation.events import ToolRequested
from antiphon.conversation.state import HeldTool, Reply, State


def requested(state: State, event: ToolRequested) -> None:
    reply = replies.find(state, event.reply_id)
    if reply is None:
        return  # The reply was given up before the effect was attempted; nobody waits for it.
    reply.tools.add(event.tool_call_id)
    if event.effect == "none":
        key = intent_key(state, event.tool_call_id, event.arguments)
        state.emit(
            RunTool(
                tool_call_id=event.tool_call_id,
                name=event.name,
                arguments=event.arguments,
                idempotency_key=key,
            )
        )
        return
    tool = HeldTool(tool_call_id=event.tool_call_id, name=event.name, arguments=event.arguments)
    if reply.speculative:
        reply.held_tools.append(tool)
        return
    _run_effect(state, reply, tool)


def settled(state: State, tool_call_id: str) -> None:
    """It has a result: from now on a new turn may want the same again."""
    for what, running in list(state.under_way.items()):
        if running == tool_call_id:
            del state.under_way[what]


def release_held(state: State, reply: Reply) -> None:
    """The turn is confirmed: effects asked for during speculation may happen now."""
    held, reply.held_tools = reply.held_tools, []
    for tool in held:
        _run_effect(state, reply, tool)


def _run_effect(state: State, reply: Reply, tool: HeldTool) -> None:
    reply.wrote = True
    key = intent_key(state, tool.name, tool.arguments)
    what = (tool.name, tool.arguments)
    earlier = state.effects.get(key) or state.under_way.get(what)
    if earlier is not None:
        state.emit(ReuseToolResult(tool_call_id=tool.tool_call_id, source_id=earlier))
        return
    state.effects[key] = state.under_way[what] = tool.tool_call_id
    state.emit(
        RunTool(tool_call_id=tool.tool_call_id, name=tool.name, arguments=tool.arguments, idempotency_key=key)
    )


def intent_key(state: State, name: str, arguments: str) -> str:
    """Same call, same turn, same tool, same arguments: the same intent."""
    intent = "\x1f".join((state.call_id, str(state.turns), name, arguments))
    return hashlib.sha256(intent.encode()).hexdigest()[:32]
