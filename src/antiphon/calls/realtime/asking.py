"""What a client asks for, one function a message. What we do not do is refused by the field's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from antiphon.calls.realtime import wire
from antiphon.calls.realtime.config import WIRE_BYTES_PER_MS
from antiphon.calls.realtime.intake import BACKLOG_MAX_MS
from antiphon.calls.realtime.wire import Refused

if TYPE_CHECKING:
    from antiphon.calls.realtime.session import RealtimeSession

TEXT_MAX = 8000
COMMIT_MIN_MS = 100  # As the vendor has it.
_ID_MAX = 64


def take(session: RealtimeSession, event: wire.AnyClientEvent) -> None:
    """Do what a message asks.

    Raises:
        Refused: It is not done, or not all of it.
    """
    _TAKE[type(event)](session, event)


def _update(session: RealtimeSession, event: wire.SessionUpdate) -> None:
    session.configure(event.session, event.event_id)


def _append(session: RealtimeSession, event: wire.Append) -> None:
    if not event.audio or not session.begin():
        return
    intake, source = session.intake, session.source
    if intake is None or source is None:
        return
    if session.config.manual and not session.pressed:
        session.pressed = True
        if session.telling.response is not None:
            intake.held = True  # Only `response.cancel` stops the agent here: his turn waits for its end.
        else:
            source.talk(True)
    if not intake.append(event.audio):
        raise Refused("input_audio_buffer_full", f"more than {BACKLOG_MAX_MS // 1000} s ahead", "audio")
    session.uncommitted_ms += len(event.audio) // WIRE_BYTES_PER_MS[session.config.input_format]


def _commit(session: RealtimeSession, event: wire.Commit) -> None:
    if not session.config.manual:
        raise Refused("unsupported_event", "the agent ends turns; set turn_detection to null", "type")
    if session.uncommitted_ms < COMMIT_MIN_MS:
        text = f"{session.uncommitted_ms} ms of audio; at least {COMMIT_MIN_MS}"
        raise Refused("input_audio_buffer_commit_empty", text)
    session.uncommitted_ms = 0
    session.committed = True
    session.telling.turns.committed()


def _clear(session: RealtimeSession, event: wire.Clear) -> None:
    if session.intake is not None:
        session.intake.clear()
    session.uncommitted_ms = 0
    session.emit("input_audio_buffer.cleared", {})
    if session.pressed and not session.committed and session.intake is not None:
        if not session.intake.held:
            raise Refused("already_heard", "what has been heard is not forgotten; what follows joins it")
        session.intake.held = session.pressed = False


def _clear_output(session: RealtimeSession, event: wire.ClearOutput) -> None:
    _stop(session, "type")


def _cancel(session: RealtimeSession, event: wire.ResponseCancel) -> None:
    response = session.telling.response
    if response is None:
        raise Refused("response_cancel_not_active", "there is no response under way")
    if event.response_id not in (None, response.id):
        raise Refused("response_cancel_not_active", "that response is over", "response_id")
    _stop(session, "response_id")


def _stop(session: RealtimeSession, param: str) -> None:
    response = session.telling.response
    if session.source is None or response is None:
        return
    session.telling.client_cancelled = True
    session.source.stop()
    if session.telling.response is response:
        session.telling.client_cancelled = False
        raise Refused("not_cancelled", "this must be heard to its end", param)


def _respond(session: RealtimeSession, event: wire.ResponseCreate) -> None:
    for name, value in (event.response or {}).items():
        if value not in _RESPONSE_DEFAULTS.get(name, (None,)):
            session.refuse(
                Refused("unsupported_parameter", "a reply is made as the session says", f"response.{name}"),
                event.event_id,
            )
    fresh = not session.is_up
    if not session.begin() or session.source is None:
        return
    owed, session.owed = session.owed, False
    if session.typed and (fresh or session.telling.response is None):
        text, session.typed = "\n".join(session.typed.values()), {}
        session.source.typed(text)
    elif session.committed and session.intake is not None and not session.intake.held:
        session.committed = session.pressed = False
        session.intake.then(session.release)
    elif fresh or owed:
        return  # The greeting is the answer, or the reply that waited for its tool.
    elif session.telling.response is not None:
        text = "one response at a time"
        raise Refused("conversation_already_has_active_response", text)
    else:
        raise Refused("nothing_to_answer", "the caller has said nothing new")


def _create_item(session: RealtimeSession, event: wire.ItemCreate) -> None:
    item = event.item
    if event.previous_item_id not in (None, session.items.last):
        raise Refused("unsupported_value", "items come in order: leave it out", "previous_item_id")
    item_id = item.get("id")
    if item_id is not None and (not isinstance(item_id, str) or not 0 < len(item_id) <= _ID_MAX):
        raise Refused("invalid_value", f"at most {_ID_MAX} characters", "item.id")
    match item.get("type"):
        case "function_call_output":
            _output(session, item)
        case "message" if item.get("role") == "user":
            _typed(session, item, item_id)
        case "message" if item.get("role") == "system":
            _advise(session, item)
        case "message":
            raise Refused("unsupported_value", "what the agent says is its own", "item.role")
        case _:
            raise Refused("unsupported_value", "message or function_call_output", "item.type")


def _output(session: RealtimeSession, item: Mapping[str, Any]) -> None:
    call_id, output = item.get("call_id"), item.get("output")
    if not isinstance(call_id, str):
        raise Refused("invalid_value", "text", "item.call_id")
    if not isinstance(output, str):
        raise Refused("invalid_value", "text", "item.output")
    session.tools.answer(call_id, output)
    session.owed = True
    shown = {
        "id": session.items.new_id(),
        "object": "realtime.item",
        "type": "function_call_output",
        "status": "completed",
        "call_id": call_id,
        "output": output,
    }
    before = session.items.add(shown)
    for kind in ("conversation.item.added", "conversation.item.done"):
        session.emit(kind, {"item": shown, "previous_item_id": before})


def _typed(session: RealtimeSession, item: Mapping[str, Any], item_id: str | None) -> None:
    text = _text(item)
    if not session.offer.takes_text:
        raise Refused("unsupported_value", "this agent hears audio only", "item.content[0].type")
    if sum(map(len, session.typed.values())) + len(text) > TEXT_MAX:
        raise Refused("invalid_value", f"at most {TEXT_MAX} characters before a response", "item.content")
    if item_id is not None and session.items.get(item_id) is not None:
        raise Refused("invalid_value", "there is an item of this id", "item.id")
    session.typed[session.telling.turns.wrote(item_id, text)] = text


def _advise(session: RealtimeSession, item: Mapping[str, Any]) -> None:
    """A system message is an instruction from here on."""
    text = _text(item)
    more = f"{session.config.instructions}\n{text}".strip()
    session.configure({"instructions": more}, None)


def _text(item: Mapping[str, Any]) -> str:
    content = item.get("content")
    if not isinstance(content, list) or not content:
        raise Refused("invalid_value", "a list of parts", "item.content")
    parts = []
    for place, part in enumerate(content):
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind != "input_text":
            raise Refused(
                "unsupported_value", "only input_text; audio is appended", f"item.content[{place}].type"
            )
        text = part.get("text")
        if not isinstance(text, str) or not text.strip():
            raise Refused("invalid_value", "text", f"item.content[{place}].text")
        parts.append(text.strip())
    return " ".join(parts)


def _delete(session: RealtimeSession, event: wire.ItemDelete) -> None:
    _known(session, event.item_id)
    if session.typed.pop(event.item_id, None) is None:
        raise Refused("unsupported_event", "what was said stays said", "item_id")
    session.items.remove(event.item_id)
    session.emit("conversation.item.deleted", {"item_id": event.item_id})


def _retrieve(session: RealtimeSession, event: wire.ItemRetrieve) -> None:
    session.emit("conversation.item.retrieved", {"item": _known(session, event.item_id)})


def _known(session: RealtimeSession, item_id: str) -> dict[str, Any]:
    item = session.items.get(item_id)
    if item is None:
        raise Refused("item_not_found", "there is no such item", "item_id")
    return item


def _truncate(session: RealtimeSession, event: wire.ItemTruncate) -> None:
    """What was heard is told by our own playout, which stopped when the caller spoke; this is checked against
    what was sent, and confirmed."""
    item = _known(session, event.item_id)
    if item.get("role") != "assistant":
        raise Refused("item_truncate_invalid_item_id", "only what the agent said is truncated", "item_id")
    if event.content_index != 0:
        raise Refused("invalid_value", "there is one part: 0", "content_index")
    sent_ms = session.outgoing.sent_ms(event.item_id)
    if not 0 <= event.audio_end_ms <= sent_ms:
        raise Refused("invalid_value", f"{sent_ms} ms were sent", "audio_end_ms")
    told = {"item_id": event.item_id, "content_index": 0, "audio_end_ms": event.audio_end_ms}
    session.emit("conversation.item.truncated", told)


_RESPONSE_DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "output_modalities": (None, ["audio"]),
    "conversation": (None, "auto"),
    "tool_choice": (None, "auto"),
    "max_output_tokens": (None, "inf"),
    "instructions": (None, ""),
    "tools": (None, []),
    "metadata": (None, {}),
}
# Any: each function takes exactly the message it is filed under.
_TAKE: Mapping[type[wire.ClientEvent], Callable[[RealtimeSession, Any], None]] = {
    wire.SessionUpdate: _update,
    wire.Append: _append,
    wire.Commit: _commit,
    wire.Clear: _clear,
    wire.ClearOutput: _clear_output,
    wire.ItemCreate: _create_item,
    wire.ItemDelete: _delete,
    wire.ItemRetrieve: _retrieve,
    wire.ItemTruncate: _truncate,
    wire.ResponseCreate: _respond,
    wire.ResponseCancel: _cancel,
}
