"""The person's end of a warm transfer: hears a briefing in private, and says or presses whether to take it.

A listener of one line, as a call is; it has no conversation, and decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from antiphon.agents.extract.yes_no import find_yes_no
from antiphon.audio.line_quality import LineSecond
from antiphon.calls.control import events as ev
from antiphon.conversation import events as spoken
from antiphon.conversation.policy import TurnPolicy
from antiphon.runtime.hearing import Hearing, heard_as
from antiphon.runtime.kit import AgentKit
from antiphon.runtime.media.ports import Line
from antiphon.runtime.speaking import Speaker

TAKE, DECLINE = "1", "2"


class PersonLeg:
    """Implements `LineListener`.

    Args:
        call_id: The carrier's.
        post: Where what happens here goes; called with the kind and its fields, the time is the transfer's.
        note: Writes to the trace of the caller's call.
    """

    def __init__(
        self,
        kit: AgentKit,
        call_id: str,
        post: Callable[..., None],
        note: Callable[..., None],
    ) -> None:
        self.call_id = call_id
        self._kit, self._post, self._note = kit, post, note
        self._said = 0
        self._speaking = False
        self._line: Line | None = None
        self._hearing: Hearing | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, line: Line) -> None:
        kit, self._line = self._kit, line
        self._speaker = Speaker(line, kit.voices, kit.shape, self._made, self._note)
        config = heard_as(TurnPolicy(), line.sample_rate_hz, kit.definition.language, ())
        self._hearing = Hearing(line, kit.recognisers, config, self._heard, self._note)

    @property
    def line(self) -> Line:
        assert self._line is not None, "begun"
        return self._line

    def say(self, *sentences: str) -> None:
        """Private words, in place of what was being said."""
        self.hush()
        self._said += 1
        self._speaking = True
        reply_id = self._reply_id
        for index, sentence in enumerate(sentences):
            self._speaker.add(reply_id, index, sentence)
        self._speaker.start(reply_id)
        self._speaker.finish(reply_id, len(sentences))

    def hush(self) -> None:
        if self._speaking:
            self._speaking = False
            self._speaker.drop(self._reply_id)
            self.line.flush(self._reply_id)

    def hear_no_more(self) -> None:
        """What the two talk about is theirs."""
        hearing, self._hearing = self._hearing, None
        if hearing is not None:
            self._spawn(hearing.aclose())

    def close(self) -> None:
        """Our side hangs up; safe twice."""
        line, self._line = self._line, None
        if line is not None:
            self._speaker.close()
            self.hear_no_more()
            line.close()

    @property
    def _reply_id(self) -> str:
        return f"p{self._said}"

    # ------------------------------------------------------------------ LineListener

    def speech_started(self, onset_ms: int) -> None:
        if self._hearing is not None:
            self._hearing.speech_started()
        self._post(ev.VoiceHeard, caller=False)

    def speech_stopped(self, ended_ms: int) -> None:
        if self._hearing is not None:
            self._hearing.finalize()

    def caller_audio(self, pcm: bytes) -> None:
        if self._hearing is not None:
            self._hearing.push(pcm)

    def dtmf(self, digit: str) -> None:
        if digit == TAKE:
            self._post(ev.PersonAccepted)
        elif digit == DECLINE:
            self._post(ev.PersonDeclined)

    def playout_finished(self, reply_id: str, heard_ms: int) -> None:
        if reply_id == self._reply_id and self._speaking:
            self._speaking = False
            self._post(ev.BriefHeard)

    def line_closed(self, reason: str) -> None:
        self._line = None
        self._speaker.close()
        self.hear_no_more()
        self._post(ev.PersonMediaStopped, call_id=self.call_id)

    def line_measured(self, second: LineSecond) -> None: ...

    def playout_started(self, reply_id: str) -> None: ...

    def playout_mark(self, reply_id: str, heard_ms: int) -> None: ...

    def talk(self, pressed: bool) -> None: ...

    def picture(self, image: bytes, media_type: str) -> None: ...

    def typed(self, text: str) -> None: ...

    def stop_asked(self) -> None: ...

    # ------------------------------------------------------------------ ears and mouth

    def _heard(self, event: spoken.Event) -> None:
        if not isinstance(event, spoken.TranscriptFinal) or not event.text:
            return
        if self._hearing is not None:
            self._hearing.settle()
        # While we say "press one or say yes", the line may give our own "yes" back to us.
        answer = None if self._speaking else find_yes_no(event.text)
        if answer is not None:
            self._post(ev.PersonAccepted if answer.value else ev.PersonDeclined)

    def _made(self, event: spoken.Event) -> None:
        """Of a chunk: made, or not to be had. Either way its place in the briefing is over."""

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name=f"person {self.call_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
