"""Context equals played audio: what the core reports of a reply against what the caller's ear got of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from tests.simulation.world import World

# A word may be credited this early: its last phoneme is often inaudible (see conversation/heard.py).
TOLERANCE_MS = 80


def context_faults(world: World) -> Iterator[str]:
    proven_ms: dict[str, int] = {}
    known: dict[str, set[int]] = {}  # Chunks whose length the core was told.
    lost: set[str] = set()  # Replies with a chunk that could not be spoken.
    for event, commands in world.steps:
        match event:
            case ev.PlayoutMark() | ev.PlayoutPaused() | ev.PlayoutFlushed() | ev.PlayoutFinished():
                proven_ms[event.reply_id] = max(proven_ms.get(event.reply_id, 0), event.heard_ms)
            case ev.ChunkSynthesized():
                known.setdefault(event.reply_id, set()).add(event.index)
            case ev.SynthesisFailed() if event.audio_ms:
                known.setdefault(event.reply_id, set()).add(event.index)
            case ev.SynthesisFailed():
                lost.add(event.reply_id)
        for command in commands:
            if type(command) is cmd.ReportHeard and command.reply_id not in lost:
                reply_id = command.reply_id
                compare = _compare_cut if _breaks_off(world, reply_id) else _compare
                yield from compare(world, command, proven_ms.get(reply_id, 0), len(known.get(reply_id, ())))


def _compare(world: World, report: cmd.ReportHeard, proven_ms: int, known: int) -> Iterator[str]:
    """Not a word more than was played, and none less than was proven to be."""
    reply_id = report.reply_id
    chunks = world.voice.chunks.get(reply_id, [])
    words = " ".join(chunks).split()
    said = report.text.split()
    if said != words[: len(said)]:
        yield f"{reply_id} is reported in other words than it has"
        return
    if not all(world.voice.word_ends_ms[reply_id, index] for index in range(len(chunks))):
        return  # A chunk without audio, and the core was not told before it had to report.
    playing = world.line.replies.get(reply_id)
    played_ms = max(playing.furthest_ms, world.line.cursor_ms(playing)) if playing is not None else 0
    ends_ms = _word_ends_ms(world, reply_id, len(chunks))
    # Until its audio is complete a chunk's pace is only guessed: a word or so more or less.
    guess = 0 if known >= len(chunks) else 1 + len(words) // 5
    most = sum(end_ms - TOLERANCE_MS <= played_ms for end_ms in ends_ms) + guess
    least = sum(end_ms <= proven_ms for end_ms in ends_ms) - guess
    if len(said) > most:
        yield f"{reply_id}: {len(said)} words reported, {most} played ({played_ms} ms)"
    if len(said) < (len(words) if report.complete else least):
        yield f"{reply_id}: only {len(said)} words reported, {least} were heard ({proven_ms} ms)"


def _breaks_off(world: World, reply_id: str) -> bool:
    return any(broken == reply_id for broken, _ in world.voice.broke_off_ms)


def _compare_cut(world: World, report: cmd.ReportHeard, proven_ms: int, known: int) -> Iterator[str]:
    """As `_compare`, of a reply whose voice broke off in the middle of a chunk: no word of that chunk beyond
    its sound, and the next chunk's go on behind it."""
    reply_id, voice = report.reply_id, world.voice
    chunks = voice.chunks[reply_id]
    playing = world.line.replies.get(reply_id)
    played_ms = max(playing.furthest_ms, world.line.cursor_ms(playing)) if playing is not None else 0
    guess = 0 if known >= len(chunks) else 1 + len(" ".join(chunks).split()) // 5
    said = report.text.split()
    start_ms = sooner = later = at = 0
    for index, text in enumerate(chunks):
        ends_ms = voice.word_ends_ms[reply_id, index]
        if not ends_ms:
            return  # A chunk without audio, and the core was not told before it had to report.
        audio_ms = voice.broke_off_ms.get((reply_id, index))
        until_ms = ends_ms[-1] if audio_ms is None else audio_ms
        # Without word times the core goes by the pace so far: within a word of the truth.
        slack = 0 if audio_ms is None else 1
        there = _common(text.split(), said[at:])
        at += there
        most = sum(end_ms - TOLERANCE_MS <= min(until_ms, played_ms - start_ms) for end_ms in ends_ms)
        least = sum(end_ms <= min(until_ms, proven_ms - start_ms) for end_ms in ends_ms)
        if text:
            sooner += max(0, there - most - slack)
            later += max(0, least - slack - there)
        start_ms += until_ms
    if at < len(said):
        yield f"{reply_id} is reported in other words than it has"
    if report.complete:
        yield f"{reply_id} is called complete, and its voice broke off"
    if sooner > guess:
        yield f"{reply_id}: {sooner} words reported that did not sound ({played_ms} ms)"
    if later > guess:
        yield f"{reply_id}: {later} words were heard and are not reported ({proven_ms} ms)"


def _common(words: list[str], said: list[str]) -> int:
    """How many of the first words are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(words, said, strict=False)))


def _word_ends_ms(world: World, reply_id: str, chunks: int) -> list[int]:
    ends_ms: list[int] = []
    start_ms = 0
    for index in range(chunks):
        chunk_ms = world.voice.word_ends_ms[reply_id, index]
        if world.voice.chunks[reply_id][index]:  # Else a sound.
            ends_ms += [start_ms + end_ms for end_ms in chunk_ms]
        start_ms += chunk_ms[-1]
    return ends_ms
