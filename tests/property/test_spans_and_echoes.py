"""Whatever a caller does over them, protected words are heard to their end and his own are used once; and the
arithmetic below: edit distance, heard words, rewinds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.property.examples import examples
from tests.unit.conversation.scenes import Scene

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation.echo import distance, without
from antiphon.conversation.heard import heard_text, rewind_ms, words_between
from antiphon.conversation.state import Chunk
from antiphon.conversation.words import words

CHUNKS = ("One thing first.", "This call may be recorded.", "Now, how can I help you today?")
SPAN_MS = (960, 960 + 1560)
letters = st.text(alphabet="abc ", max_size=14)


class _Caller:
    """Does at random what callers do, and keeps what was understood."""

    def __init__(self, data: st.DataObject, scene: Scene) -> None:
        self.data, self.scene = data, scene
        self.voiced = False
        self.said: list[str] = []
        self.count = 0

    def acts(self) -> None:
        scene = self.scene
        act = self.data.draw(st.sampled_from(["nothing", "nothing", "voice", "key", "partial"]))
        if act == "voice" and not self.voiced:
            self.voiced = True
            scene.voice()
        elif act == "voice":
            self.voiced = False
            scene.pause()
            self.count += 1
            text = self.data.draw(st.sampled_from(["", "mm-hmm", f"zebra number {self.count}"]))
            if text.startswith("zebra"):
                self.said.append(text)
            scene.final(text)
            scene.segment += 1
        elif act == "key":
            scene.step(ev.DtmfReceived(at_ms=scene.now_ms, digit="5"))
        elif act == "partial" and self.voiced:
            scene.partial(f"zebra number {self.count + 1}")


@examples(150)
@given(st.data())
def test_nothing_a_caller_does_stops_protected_words_and_nothing_of_his_is_lost(data: st.DataObject) -> None:
    scene = Scene()
    scene.greeted()
    reply_id = scene.asked()
    scene.gives(reply_id, *CHUNKS, protected=[CHUNKS[1]])
    scene.audible(reply_id)
    caller = _Caller(data, scene)
    for _ in range(24):
        before = len(scene.commands)
        caller.acts()
        inside = SPAN_MS[0] < scene.heard_ms < SPAN_MS[1]
        stopped = [c for c in scene.commands[before:] if isinstance(c, cmd.PausePlayout | cmd.FlushPlayout)]
        assert not (inside and stopped), f"{stopped} at {scene.heard_ms} ms"
        live = scene.conversation.state.reply
        if live is None or live.id != reply_id or live.paused:
            break
        scene.play(reply_id, 200)
    _finish(scene, caller)
    used = [c.text for c in scene.commands if isinstance(c, cmd.CommitTurn | cmd.NoteUtterance)]
    for text in caller.said:
        assert sum(text in one for one in used) == 1, f"{text!r} in {used}"
    assert len(scene.reports(reply_id)) == 1


def _finish(scene: Scene, caller: _Caller) -> None:
    """The caller falls silent, the line answers, the call ends."""
    if caller.voiced:
        scene.pause()
        scene.final("")
    for reply_id in list(scene.conversation.state.closing):
        scene.step(ev.PlayoutFlushed(at_ms=scene.now_ms, reply_id=reply_id, heard_ms=scene.heard_ms))
    scene.wait(500)
    scene.step(ev.CallerHungUp(at_ms=scene.now_ms))


@given(letters, letters)
def test_the_distance_is_that_of_the_table(pattern: str, text: str) -> None:
    before = [0] * (len(text) + 1)
    for row, wanted in enumerate(pattern, 1):
        now = [row]
        for column, found in enumerate(text, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (wanted != found)))
        before = now
    assert distance(pattern, text) == min(before)


@given(st.text(max_size=60), st.text(max_size=120))
def test_what_is_left_of_a_text_without_its_echo_is_its_end(text: str, ours: str) -> None:
    left = without(text, ours)
    assert words(text)[len(words(text)) - len(words(left)) :] == words(left)


chunks = st.lists(
    st.builds(
        Chunk,
        text=st.text(alphabet="abcdefg 1,.", max_size=40),
        duration_ms=st.one_of(st.none(), st.integers(0, 4000)),
        expected_ms=st.integers(0, 4000),
        failed=st.booleans(),
    ),
    max_size=4,
)


@given(chunks, st.integers(0, 9000), st.integers(0, 9000))
def test_who_hears_longer_hears_no_fewer_words(made: list[Chunk], one_ms: int, other_ms: int) -> None:
    less, more = sorted((one_ms, other_ms))
    assert (
        heard_text(made, more).split()[: len(heard_text(made, less).split())]
        == heard_text(made, less).split()
    )


@given(chunks, st.integers(0, 9000), st.integers(0, 2000))
def test_a_rewind_stays_within_the_reply_and_the_policy(
    made: list[Chunk], heard_ms: int, most_ms: int
) -> None:
    assert 0 <= rewind_ms(made, heard_ms, most_ms) <= min(heard_ms, most_ms)


@given(chunks, st.integers(-1000, 9000), st.integers(0, 3000))
def test_words_between_two_moments_are_words_of_the_reply_in_order(
    made: list[Chunk], from_ms: int, length_ms: int
) -> None:
    everything = iter(" ".join(chunk.text for chunk in made).split())
    assert all(word in everything for word in words_between(made, from_ms, from_ms + length_ms).split())
