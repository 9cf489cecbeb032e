"""What a call used, told by its trace alone; must be what the vendors' doubles counted."""

from __future__ import annotations

from collections.abc import Iterable

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from tests.simulation.vendors import Usage


def told(steps: Iterable[tuple[ev.AnyEvent, list[cmd.Command]]]) -> Usage:
    """By the events and commands. Metering in the runtime, once it writes notes, is read here too."""
    usage = Usage()
    drafts: set[str] = set()
    for event, commands in steps:
        if type(event) is ev.ChunkSynthesized:
            usage.audio_ms += event.duration_ms
        elif type(event) is ev.SynthesisFailed:
            usage.audio_ms += event.audio_ms
        for command in commands:
            match command:
                case cmd.StartReply():
                    usage.replies += 1
                    drafts |= {command.reply_id} if command.speculative else set()
                case cmd.ConfirmReply():
                    drafts.discard(command.reply_id)
                case cmd.CancelReply() if command.reply_id in drafts:
                    drafts.discard(command.reply_id)
                    usage.drafts_wasted += 1
                case cmd.Synthesize():
                    usage.characters += len(command.text)
                case cmd.RunTool():
                    usage.tool_runs += 1
                case cmd.FinalizeTranscript():
                    usage.transcripts += 1
    return usage
