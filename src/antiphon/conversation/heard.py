"""From played samples to the words the caller heard, and from a moment to where playout stood.

Where the voice gives word times they are used; otherwise the words of a chunk share its duration in
proportion to their length in characters, which is within a word of the truth for clauses of a few seconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

from antiphon.conversation.saying import weight, word_weight
from antiphon.conversation.state import Chunk, Reply, State

# A word counts as heard when this much of its end may be missing: the last phoneme is often inaudible anyway.
TOLERANCE_MS = 80
# Typical English speech, until the voice of this call has shown its own pace.
MS_PER_CHARACTER = 65
# People answer a question before its very end, but not before they know what it is.
ASKED_MS = 700
_QUESTION = re.compile(r"[?？؟]\W*$")
# Whoever answers sooner after a question began answers what was said before it.
QUESTION_KNOWN_MS = 500
CLAUSE_ENDS = (",", ";", ":", ".", "?", "!", "…", "—", "–", "，", "、", "；", "：", "。", "？", "！")
# Scripts that are written without spaces: kana, han, and their marks, which belong to what they follow.
_UNSPACED = r"\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_MARKS = r"[\u3001-\u303f\uff01-\uff20\uff3b-\uff40\uff5b-\uff65]"
_WORD = re.compile(rf"[{_UNSPACED}]{_MARKS}*|[^\s{_UNSPACED}]+")


def heard_text(chunks: Sequence[Chunk], heard_ms: int) -> str:
    """The words whose audio was played when the cursor stands at `heard_ms` of the reply."""
    heard: list[str] = []
    start_ms = 0
    for chunk in chunks:
        if chunk.failed:
            continue
        duration_ms = _duration_ms(chunk)
        if heard_ms >= start_ms + duration_ms - TOLERANCE_MS:
            heard.append(chunk.text)
        else:
            heard.append(_first_words(chunk, duration_ms, heard_ms - start_ms))
            break
        start_ms += duration_ms
    return " ".join(part for part in heard if part)


def protected_heard(chunks: Sequence[Chunk], heard_ms: int) -> str:
    """Whether what must be heard was heard to its very end: "heard", "cut", or "" where nothing must be."""
    state = ""
    end_ms = 0
    for chunk in chunks:
        end_ms += 0 if chunk.failed else _duration_ms(chunk)
        if chunk.uninterruptible:
            if chunk.lost or chunk.duration_ms is None or heard_ms < end_ms:
                return "cut"
            state = "heard"
    return state


def words_between(chunks: Sequence[Chunk], from_ms: int, to_ms: int) -> str:
    """The words that sound, at least in part, between two positions of the reply."""
    found: list[str] = []
    start_ms = 0
    for chunk in chunks:
        if chunk.failed:
            continue
        duration_ms = _duration_ms(chunk)
        if start_ms >= to_ms:
            break
        if start_ms + duration_ms > from_ms:
            begins = start_ms
            sounding: list[re.Match[str]] = []
            words = _WORD.finditer(chunk.text)
            for word, end_ms in zip(words, _word_ends_ms(chunk, duration_ms), strict=True):
                if start_ms + end_ms > from_ms and begins < to_ms:
                    sounding.append(word)
                begins = start_ms + end_ms
            if sounding:
                found.append(_spaced_once(chunk.text[sounding[0].start() : sounding[-1].end()]))
        start_ms += duration_ms
    return " ".join(found)


def rewind_ms(chunks: Sequence[Chunk], heard_ms: int, most_ms: int, *, again_from_ms: int = -1) -> int:
    """How far back to go on after a long gap: to the clause in progress, else to the word in progress; never
    further than `most_ms`, and that far where even the word is longer.

    Where it went on at `again_from_ms` already it does not once more: on a line with a noise every other
    second the agent would never get past its clause. Nor is what had to be heard, and was, said again.
    """
    clause_ms = word_ms = start_ms = 0
    for chunk in chunks:
        if chunk.failed:
            continue
        duration_ms = _duration_ms(chunk)
        if start_ms > heard_ms:
            break
        clause_ms = word_ms = start_ms
        for word, end_ms in zip(_WORD.findall(chunk.text), _word_ends_ms(chunk, duration_ms), strict=True):
            if start_ms + end_ms >= heard_ms:
                break
            word_ms = start_ms + end_ms
            if word.endswith(CLAUSE_ENDS):
                clause_ms = word_ms
        start_ms += duration_ms
        if chunk.uninterruptible and start_ms <= heard_ms:
            clause_ms = word_ms = start_ms
    back_to_clause = heard_ms - clause_ms <= most_ms and clause_ms > again_from_ms
    begin_ms = clause_ms if back_to_clause else word_ms
    if begin_ms <= again_from_ms:
        return 0
    return max(0, min(heard_ms - begin_ms, most_ms))


def break_off(chunk: Chunk, audio_ms: int, told_ms: Sequence[int]) -> None:
    """The voice gave up after so much sound: that is all there will be of the chunk, and no word beyond it.

    Words it has not timed are told by the pace this call's voice has shown, never by the sound that came,
    which is too short for them; those in doubt were not heard. Something was missing: the last word, if no
    other.
    """
    words = _WORD.findall(chunk.text)
    ends_ms = list(_of_these(told_ms, chunk.text, words))
    whole = sum(1 for end_ms in ends_ms if end_ms - TOLERANCE_MS <= audio_ms)
    begin_ms, rest = ends_ms[-1] if ends_ms else 0, words[len(ends_ms) :]
    total, so_far = sum(word_weight(word) for word in words), 0
    for word in rest:
        so_far += word_weight(word)
        ends_ms.append(begin_ms + chunk.expected_ms * so_far // (total or 1))
        whole += ends_ms[-1] <= audio_ms
    whole = max(0, min(whole, len(words) - 1))
    chunk.text, chunk.word_ends_ms = _first(chunk.text, whole), tuple(ends_ms[:whole])
    chunk.duration_ms, chunk.broke_off = audio_ms, True


def audio_ms(chunks: Sequence[Chunk]) -> int:
    """Length of the reply's audio that is known to exist, without a gap, from its beginning."""
    total_ms = 0
    for chunk in chunks:
        if chunk.duration_ms is None:
            break
        total_ms += chunk.duration_ms
    return total_ms


def all_made(reply: Reply) -> bool:
    """The voice owes nothing of what it was given so far."""
    return all(chunk.duration_ms is not None for chunk in reply.chunks)


def position_ms(state: State, reply: Reply) -> int:
    """Where playout stands now, from the last proof of it, as far as audio is known to exist. Marks come a
    little late and audio still being made may already play, so this is rarely ahead of the caller's ear."""
    return max(reply.position_ms, min(clock_ms(state, reply), audio_ms(reply.chunks)))


def clock_ms(state: State, reply: Reply) -> int:
    """Where playout stands now if it never ran dry since the last proof."""
    if reply.paused or not reply.audible:
        return reply.position_ms
    return reply.position_ms + state.now_ms - reply.position_at_ms


def span_end_ms(reply: Reply, position: int) -> int | None:
    """End of the uninterruptible stretch `position` is in, in ms of the reply; None outside of one.

    Up to the reply's last sample a last chunk has not ended, so that its tail is never clipped.
    """
    start_ms = end_ms = 0
    inside = False
    for index, chunk in enumerate(reply.chunks):
        if chunk.failed:
            continue
        last = index == len(reply.chunks) - 1
        start_ms, end_ms = end_ms, end_ms + _duration_ms(chunk)
        unfinished = chunk.duration_ms is None or (last and reply.finished)
        if not chunk.uninterruptible:
            if inside:
                return start_ms
            if position < end_ms or unfinished:
                return None
        elif position < end_ms or unfinished:
            inside = True
    return end_ms if inside else None


def ends_asking(state: State, reply: Reply) -> bool:
    """What sounds just now are the last words of a question, and nothing comes after them."""
    if not reply.finished or reply.then or not reply.chunks or not all_made(reply):
        return False
    asks = _QUESTION.search(reply.chunks[-1].text) is not None and not reply.chunks[-1].lost
    return asks and audio_ms(reply.chunks) - position_ms(state, reply) <= ASKED_MS


def known_ms(state: State, reply: Reply, onset_ms: int) -> int:
    """Up to where the caller knew the reply when his voice began over it."""
    until_ms = reply.paused_at_ms if reply.paused else state.now_ms
    return position_ms(state, reply) - max(0, until_ms - onset_ms) - QUESTION_KNOWN_MS


def asks_behind(reply: Reply, known_ms: int) -> bool | None:
    """Does the reply end with a question of which this was under way, long enough to be answered? None where
    that is not written yet.

    Its last clause only: "You are booked for ten", "yes", "shall I cancel that?" cancels nothing.
    """
    chunks = list(reply.chunks)
    while chunks and chunks[-1].filler:  # It covers the wait for the rest, or for the answer.
        chunks.pop()
    if reply.then or not chunks or chunks[-1].lost:
        return False
    end_ms = sum(_duration_ms(chunk) for chunk in chunks if not chunk.failed)
    left = _WORD.findall(words_between(chunks, known_ms, end_ms))
    if any(word.endswith(CLAUSE_ENDS) for word in left[:-1]):
        return False
    question = _QUESTION.search(chunks[-1].text) is not None
    if reply.finished:
        return question
    return None if question or not chunks[-1].text.endswith(CLAUSE_ENDS) else False


def expected_ms(state: State, text: str) -> int:
    """What the audio of a text will probably last, at the pace this call's voice has shown."""
    if state.voice_weight:
        return weight(text) * state.voice_ms // state.voice_weight
    return weight(text) * MS_PER_CHARACTER


def _duration_ms(chunk: Chunk) -> int:
    if chunk.duration_ms is not None:
        return chunk.duration_ms
    return chunk.expected_ms or weight(chunk.text) * MS_PER_CHARACTER


def _first_words(chunk: Chunk, duration_ms: int, heard_ms: int) -> str:
    if heard_ms <= 0:
        return ""
    ends_ms = _word_ends_ms(chunk, duration_ms)
    count = sum(1 for end_ms in ends_ms if end_ms - TOLERANCE_MS <= heard_ms)
    return _first(chunk.text, count)


def _first(text: str, count: int) -> str:
    """So many words of it, as they are written."""
    ends = [0, *(word.end() for word in _WORD.finditer(text))]
    return _spaced_once(text[: ends[count]])


def _spaced_once(text: str) -> str:
    return " ".join(text.split())


def _of_these(told_ms: Sequence[int], text: str, words: Sequence[str]) -> Sequence[int]:
    """Word times, where they count these words: of a script without spaces, voices time what they like."""
    if len(told_ms) > len(words):
        return ()
    return told_ms if len(told_ms) == len(words) or len(words) == len(text.split()) else ()


def _word_ends_ms(chunk: Chunk, duration_ms: int) -> Sequence[int]:
    """One end a word: the voice's own; for words it has not timed (yet), their share of what is left."""
    words = _WORD.findall(chunk.text)
    known = _of_these(chunk.word_ends_ms, chunk.text, words)
    if len(known) == len(words):
        return known
    if chunk.duration_ms is not None:
        known = ()  # They count other words than ours: no use.
    ends = list(known)
    begin_ms = ends[-1] if ends else 0
    left_ms = max(0, duration_ms - begin_ms)
    rest = words[len(ends) :]
    so_far = list(accumulate(map(word_weight, rest)))
    total = (so_far[-1] if so_far else 0) or 1
    return [*ends, *(begin_ms + left_ms * said // total for said in so_far)]
