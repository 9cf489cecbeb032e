"""From played samples to words: what the caller heard, and where to go on."""

from __future__ import annotations

import msgspec
import pytest
from tests.unit.conversation.scenes import Scene, speaking

from antiphon.conversation import commands as cmd
from antiphon.conversation import events as ev
from antiphon.conversation import saying
from antiphon.conversation.heard import (
    MS_PER_CHARACTER,
    break_off,
    heard_text,
    protected_heard,
    rewind_ms,
    span_end_ms,
    words_between,
)
from antiphon.conversation.policy import Policy, SilencePolicy, TurnPolicy
from antiphon.conversation.state import Chunk, Reply


def _timed(text: str, *ends_ms: int, duration_ms: int | None = None) -> Chunk:
    return Chunk(text=text, duration_ms=duration_ms or ends_ms[-1], word_ends_ms=ends_ms)


TWO = [_timed("We open at eight.", 200, 500, 650, 1100, duration_ms=1200), _timed("Bye now.", 400, 900)]


@pytest.mark.parametrize(
    ("heard_ms", "words"),
    [
        (0, ""),
        (100, ""),
        (200, "We"),
        (419, "We"),
        (420, "We open"),  # All but its last 80 ms.
        (1019, "We open at"),
        (1020, "We open at eight."),
        (1599, "We open at eight. Bye"),
        (2100, "We open at eight. Bye now."),
    ],
)
def test_word_times_of_the_voice_decide_to_the_word(heard_ms: int, words: str) -> None:
    assert heard_text(TWO, heard_ms) == words


def test_without_word_times_words_share_the_audio_by_their_length() -> None:
    chunk = Chunk(text="A considerable delay", duration_ms=2000)
    assert heard_text([chunk], 300) == "A"
    assert heard_text([chunk], 1400) == "A considerable"


def test_a_digit_is_as_long_as_its_word() -> None:
    chunk = Chunk(text="Press 12345 now", duration_ms=3000)
    assert heard_text([chunk], 1200) == "Press"
    assert heard_text([chunk], 2600) == "Press 12345"


EVERY_MS = range(0, 4000, 20)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Great 🎉🎉🎉 see you at ten", "Great see you at ten"),
        ("👍🏽 Great, see you ✅ at ten", "Great, see you at ten"),
        ("👨‍👩‍👧 See you at ten 🙂", "See you at ten"),
    ],
)
def test_an_emoji_takes_no_time_from_the_words_that_are_heard(written: str, said: str) -> None:
    shown, spoken = Chunk(text=written, duration_ms=3600), Chunk(text=said, duration_ms=3600)
    for heard_ms in EVERY_MS:
        words = [word for word in heard_text([shown], heard_ms).split() if word.isascii()]
        assert words == heard_text([spoken], heard_ms).split(), heard_ms


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("https://www.clinic.example/book", "clinic dot example slash book"),
        ("www.clinic.example.", "clinic dot example."),
        ("clinic.com/a-b,", "clinic dot com slash a dash b,"),
        ("jane.doe@clinic.org", "jane dot doe at clinic dot org"),
    ],
)
def test_an_address_is_as_long_as_it_is_read(written: str, said: str) -> None:
    shown = Chunk(text=f"Go to {written} before ten today", duration_ms=3600)
    spoken = Chunk(text=f"Go to {said} before ten today", duration_ms=3600)
    for behind in ("before", "ten", "today"):
        heard_ms = [
            next(ms for ms in EVERY_MS if behind in heard_text([c], ms).split()) for c in (shown, spoken)
        ]
        assert heard_ms[0] == heard_ms[1], behind


def test_a_dot_between_figures_or_in_short_forms_makes_no_address() -> None:
    for text in ("at 10.30 today", "at 9 a.m. today", "e.g. on Monday", "$1.50 each"):
        assert saying.weight(text) == len(text) + 3 * sum(map(str.isdigit, text))


def test_a_chunk_of_nothing_but_emoji_is_heard_when_it_was_played() -> None:
    chunks = [Chunk(text="🎉 🎉", duration_ms=0), Chunk(text="See you.", duration_ms=900)]
    assert heard_text(chunks, 0) == "🎉 🎉"
    assert heard_text(chunks, 900) == "🎉 🎉 See you."
    assert heard_text([Chunk(text="🎉 🎉", expected_ms=500)], 100) == "🎉 🎉"


def test_a_failed_chunk_was_not_heard_and_takes_no_time() -> None:
    chunks = [Chunk(text="Lost.", duration_ms=0, failed=True), Chunk(text="Here.", duration_ms=500)]
    assert heard_text(chunks, 500) == "Here."


def test_a_chunk_cut_while_it_was_made_is_told_by_the_words_timed_so_far() -> None:
    chunk = Chunk(text="We open at eight on weekdays.", expected_ms=2000, word_ends_ms=(200, 500, 650))
    assert heard_text([chunk], 700) == "We open at"
    assert heard_text([chunk], 1100) == "We open at eight"


HALF = "We open at eight on weekdays."  # 2 + 4 + 2 + 5 + 2 + 9 letters, each with its space: 30 for 3000 ms.


@pytest.mark.parametrize(
    ("audio_ms", "told_ms", "words"),
    [
        (1150, (), "We open at"),  # The pace says 300, 800, 1100, 1700.
        (1690, (), "We open at"),  # In doubt: not heard.
        (9000, (), "We open at eight on"),  # A slower voice than ever; it broke off all the same.
        (1150, (200, 500, 650), "We open at"),
        (1420, (200, 500, 650), "We open at eight"),  # 600 ms behind the last that was timed.
        (580, (200, 500, 670, 1100, 1300, 1900), "We open"),  # Timed ahead of the sound.
        (600, (200, 500, 670, 1100, 1300, 1900), "We open at"),  # But for 70 ms.
        (1150, (1,) * 7, "We open at"),  # Times of other words.
        (40, (), ""),
    ],
)
def test_of_a_voice_that_broke_off_the_words_are_heard_that_have_sound(
    audio_ms: int, told_ms: tuple[int, ...], words: str
) -> None:
    chunk = Chunk(text=HALF, expected_ms=3000, uninterruptible=True)
    break_off(chunk, audio_ms, told_ms)
    rest = Chunk(text="Bye now.", duration_ms=900)
    assert heard_text([chunk], audio_ms) == chunk.text == words
    assert heard_text([chunk, rest], audio_ms + 900) == f"{words} Bye now.".strip()
    assert "Bye" not in heard_text([chunk, rest], audio_ms)
    assert protected_heard([chunk, rest], audio_ms + 900) == "cut"


def test_of_a_voice_that_broke_off_no_more_was_heard_than_was_played() -> None:
    chunk = Chunk(text=HALF, expected_ms=3000)
    break_off(chunk, 1150, ())
    assert heard_text([chunk], 850) == "We open"


def test_words_between_are_those_that_sound_in_part() -> None:
    assert words_between(TWO, 300, 1300) == "open at eight. Bye"
    assert words_between(TWO, -500, 100) == "We"
    assert words_between(TWO, 5000, 6000) == ""


@pytest.mark.parametrize(
    ("heard_ms", "most_ms", "back_ms"),
    [
        (900, 1000, 900),  # The clause began 900 ms ago.
        (900, 500, 250),  # Too far: the word began at 650.
        (1300, 1000, 100),  # The next sentence began at 1200.
        (1200, 1000, 0),  # A clause ends exactly here.
        (900, 100, 100),  # Even the word is longer than that.
        (0, 1000, 0),
    ],
)
def test_after_a_long_gap_speech_goes_on_at_a_clause_or_a_word(
    heard_ms: int, most_ms: int, back_ms: int
) -> None:
    assert rewind_ms(TWO, heard_ms, most_ms) == back_ms


def test_a_comma_is_a_clause_boundary() -> None:
    chunk = _timed("On Friday, we close early.", 200, 700, 900, 1300, 1800)
    assert rewind_ms([chunk], 1400, 1000) == 700


def test_what_had_to_be_heard_and_was_is_not_said_again() -> None:
    """Within it, and behind it, all is as elsewhere."""
    must = _timed("This call is recorded.", 400, 800, 1000, 1800)
    must.uninterruptible = True
    assert rewind_ms([must], 1800, 1000) == 0
    assert rewind_ms([must], 900, 1000) == 900
    assert rewind_ms([must, _timed("How can I help?", 300, 500, 600, 1200)], 2000, 1000) == 200


@pytest.mark.parametrize(
    ("again_from_ms", "back_ms"),
    [
        (-1, 900),
        (0, 250),  # The clause was said again already: the word.
        (650, 0),  # The word was too.
        (700, 0),
    ],
)
def test_what_was_said_again_is_not_said_a_third_time(again_from_ms: int, back_ms: int) -> None:
    assert rewind_ms(TWO, 900, 1000, again_from_ms=again_from_ms) == back_ms


def test_protected_words_count_only_when_heard_to_the_very_end() -> None:
    chunks = [Chunk(text="One.", duration_ms=500), Chunk(text="Two.", duration_ms=500, uninterruptible=True)]
    assert protected_heard(chunks, 999) == "cut"
    assert protected_heard(chunks, 1000) == "heard"
    assert protected_heard(chunks[:1], 0) == ""


def test_neighbouring_protected_chunks_are_one_stretch() -> None:
    reply = Reply(id="r1", kind="turn")
    reply.chunks = [
        Chunk(text="a", duration_ms=500),
        Chunk(text="b", duration_ms=500, uninterruptible=True),
        Chunk(text="c", duration_ms=500, uninterruptible=True),
        Chunk(text="d", duration_ms=500),
    ]
    found = [span_end_ms(reply, ms) for ms in (0, 499, 500, 999, 1000, 1499, 1500)]
    assert found == [None, None, 1500, 1500, 1500, 1500, None]


def test_before_any_audio_was_made_the_pace_is_typical_then_it_is_the_voices_own() -> None:
    scene = Scene()
    text = "Hello, how can I help?"
    scene.gives("r1", text, made=False, finishes=False)
    state = scene.conversation.state
    assert state.reply is not None
    assert state.reply.chunks[0].expected_ms == MS_PER_CHARACTER * len(text)
    scene.made("r1", 0, 100 * len(text))
    scene.gives("r1", "Tell me.", made=False)
    assert state.reply.chunks[1].expected_ms == 100 * len("Tell me.")


def test_a_cut_in_a_chunk_still_being_made_is_exact_to_the_word() -> None:
    scene, reply_id = speaking("We open at eight.", heard_ms=1000, finishes=False)
    scene.gives(reply_id, "On Friday we close at noon already.", made=False)
    scene.play(reply_id, 900)
    scene.voice()
    scene.partial("Wait, stop")
    scene.step(
        ev.ChunkCut(
            at_ms=scene.now_ms, reply_id=reply_id, index=1, audio_ms=1200, word_ends_ms=(150, 600, 800)
        )
    )
    scene.flushed()
    assert scene.reports(reply_id)[0].text == "We open at eight. On Friday we"


@pytest.mark.parametrize(
    ("audio_ms", "word_ends_ms", "words"),
    [(1200, (150, 1100, 1150), "We open at eight. On"), (9000, (), "We open at eight. On")],
    ids=["the voice's own times", "a voice slower than it was"],
)
def test_of_a_chunk_cut_while_it_was_made_what_was_made_tells(
    audio_ms: int, word_ends_ms: tuple[int, ...], words: str
) -> None:
    scene, reply_id = speaking("We open at eight.", heard_ms=1000, finishes=False)
    scene.gives(reply_id, "On Friday we close at noon already.", made=False)
    scene.play(reply_id, 900)
    scene.voice()
    scene.partial("Wait, stop")
    cut = ev.ChunkCut(
        at_ms=scene.now_ms, reply_id=reply_id, index=1, audio_ms=audio_ms, word_ends_ms=word_ends_ms
    )
    scene.step(cut)
    for odd in ({"reply_id": "r99"}, {"index": 2}, {"index": 0}):
        assert scene.step(msgspec.structs.replace(cut, **odd)) == []
    scene.flushed()
    assert scene.reports(reply_id)[0].text == words


def test_after_a_short_hold_speech_goes_on_at_the_same_sample() -> None:
    scene, reply_id = speaking()
    scene.voice()
    scene.paused(reply_id)
    scene.wait(400)
    scene.pause()
    scene.final("okay")
    assert scene.last(cmd.ResumePlayout).rewind_ms == 0


def test_a_word_that_kept_us_waiting_lets_speech_go_on_at_the_word_that_was_cut() -> None:
    scene, reply_id = speaking(heard_ms=1200)
    scene.voice()
    scene.paused(reply_id)
    scene.wait(600)
    scene.pause()
    scene.final("okay")
    assert scene.last(cmd.ResumePlayout).rewind_ms == 180  # "We close": our second sentence began at 1020.


def test_on_a_line_that_coughs_every_other_second_the_agent_gets_to_its_end() -> None:
    """Each pause goes back a little; never so that the same words come round for ever."""
    scene, reply_id = speaking(
        "On Fridays we close at noon and on Saturdays we do not open at all.", heard_ms=0
    )
    stands_ms, rewound = 0, 0
    for _ in range(12):
        stands_ms += 600
        scene.wait(600)
        scene.heard_ms = max(scene.heard_ms, stands_ms)
        scene.step(ev.PlayoutMark(at_ms=scene.now_ms, reply_id=reply_id, heard_ms=scene.heard_ms))
        scene.voice()
        scene.paused(reply_id)
        scene.wait(400)
        scene.pause()
        scene.wait(500)
        back_ms = scene.last(cmd.ResumePlayout).rewind_ms
        stands_ms, rewound = stands_ms - back_ms, rewound + back_ms
        reply = scene.conversation.state.reply
        assert reply is not None and abs(reply.position_ms - stands_ms) <= 20, "it knows where it stands"
    assert rewound > 0 and stands_ms > 2500


def test_the_rewind_is_never_longer_than_the_policy_allows() -> None:
    scene, reply_id = speaking(policy=Policy(turn=TurnPolicy(rewind_ms=150)))
    scene.voice()
    scene.paused(reply_id)
    scene.wait(600)
    scene.pause()
    scene.wait(TurnPolicy().hold_ms - 600)
    assert scene.last(cmd.ResumePlayout).rewind_ms == 150


def test_an_agent_told_never_to_go_back_goes_on_at_the_same_sample_after_any_pause() -> None:
    scene, reply_id = speaking(policy=Policy(turn=TurnPolicy(rewind_ms=0)))
    scene.voice()
    scene.paused(reply_id)
    scene.wait(TurnPolicy().hold_ms)
    assert scene.last(cmd.ResumePlayout) == cmd.ResumePlayout(reply_id=reply_id, rewind_ms=0)


def test_what_was_heard_before_a_rewind_stays_heard() -> None:
    scene, reply_id = speaking(heard_ms=1000)
    scene.voice()
    scene.paused(reply_id)
    scene.wait(TurnPolicy().hold_ms)
    assert scene.last(cmd.ResumePlayout).rewind_ms > 0
    scene.wait(100)
    scene.voice()
    scene.partial("No, stop")
    scene.flushed()
    assert scene.reports(reply_id)[0].text == "We open at eight."


# --- every way out of a call reports once -----------------------------------------------------------------


def _hang_up(scene: Scene) -> None:
    scene.step(ev.CallerHungUp(at_ms=scene.now_ms))


def _line_fails(scene: Scene) -> None:
    scene.step(ev.LineFailed(at_ms=scene.now_ms, reason="torn"))


def _operator(scene: Scene) -> None:
    scene.step(ev.OperatorEnded(at_ms=scene.now_ms, now=True))


def _operator_politely(scene: Scene) -> None:
    scene.step(ev.OperatorEnded(at_ms=scene.now_ms))
    scene.flushed()
    scene.wait(15_000)


def _time_limit(scene: Scene) -> None:
    scene.now_ms = 1_800_000
    scene.step(ev.TimerFired(at_ms=scene.now_ms, timer="call_limit"))
    scene.flushed()
    scene.wait(15_000)


def _cost_limit(scene: Scene) -> None:
    scene.step(ev.CostReached(at_ms=scene.now_ms, cost_usd=0.5))
    scene.flushed()
    scene.wait(15_000)


def _flush_that_is_never_answered(scene: Scene) -> None:
    scene.voice()
    scene.partial("No, stop")
    scene.step(ev.CallerHungUp(at_ms=scene.now_ms))


@pytest.mark.parametrize(
    ("leave", "cause"),
    [
        (_hang_up, "caller_hangup"),
        (_line_fails, "error"),
        (_operator, "operator"),
        (_operator_politely, "operator"),
        (_time_limit, "time_limit"),
        (_cost_limit, "cost_limit"),
        (_flush_that_is_never_answered, "caller_hangup"),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("_"),
)
def test_every_end_tells_its_cause_and_reports_what_was_heard_exactly_once(leave: object, cause: str) -> None:
    policy = Policy(silence=SilencePolicy(call_cost_max_usd=0.5))
    scene, reply_id = speaking(heard_ms=1000, policy=policy)
    assert callable(leave)
    leave(scene)
    reports = scene.reports(reply_id)
    assert [(r.text, r.complete) for r in reports] == [("We open at eight.", False)]
    assert [c.cause for c in scene.commands if isinstance(c, cmd.EndCall)] == [cause]
    reported = [c.reply_id for c in scene.commands if isinstance(c, cmd.ReportHeard)]
    assert len(reported) == len(set(reported))


def test_a_transfer_reports_once_and_only_after_its_words_were_heard() -> None:
    scene, reply_id = speaking("I'll put you through.", heard_ms=800, then="escalate")
    assert scene.count(cmd.Escalate) == 0
    scene.play(reply_id, 460)
    scene.ends(reply_id)
    assert [(r.text, r.complete) for r in scene.reports(reply_id)] == [("I'll put you through.", True)]
    assert scene.last(cmd.EndCall).cause == "escalated"


def test_protected_words_whose_audio_is_still_being_made_are_not_heard_to_the_end() -> None:
    assert protected_heard([Chunk(text="By law.", expected_ms=500, uninterruptible=True)], 600) == "cut"


def test_words_without_a_voice_are_never_in_the_air() -> None:
    chunks = [Chunk(text="Lost.", duration_ms=0, failed=True), Chunk(text="Here.", duration_ms=500)]
    assert words_between(chunks, -700, 300) == "Here."


def test_a_stretch_without_a_voice_at_the_end_protects_nothing() -> None:
    reply = Reply(id="r1", kind="turn", finished=True)
    reply.chunks = [
        Chunk(text="a", duration_ms=500),
        Chunk(text="b", duration_ms=0, failed=True, uninterruptible=True),
    ]
    assert span_end_ms(reply, 600) is None


def test_of_what_has_not_begun_to_play_not_even_a_short_word_was_heard() -> None:
    assert heard_text([Chunk(text="A cat sat.", duration_ms=1000, word_ends_ms=(60, 400, 1000))], 0) == ""


@pytest.mark.parametrize(
    ("text", "heard_ms", "heard"),
    [
        ("我们周四十点有空。", 1000, "我们周四"),
        ("我们周四十点有空。", 1900, "我们周四十点有"),
        ("ご予約は木曜日の十時です。", 1000, "ご予約は木曜"),
        ("您好， 我是 Anna，有什么事？", 1300, "您好， 我是 Anna，"),
        ("We open at eight.", 1000, "We open"),
    ],
)
def test_half_a_sentence_written_without_spaces_was_half_heard(text: str, heard_ms: int, heard: str) -> None:
    chunk = Chunk(text=text, duration_ms=2000)
    assert heard_text([chunk], heard_ms) == heard
    assert words_between([chunk], 0, heard_ms - 1).startswith(heard)
    told = Chunk(text=text, duration_ms=2000, word_ends_ms=(900, 2000))  # By whatever the voice calls a word.
    assert heard_text([told], heard_ms) == heard


def test_of_a_voice_that_broke_off_in_chinese_so_much_was_heard() -> None:
    chunk = Chunk(text="我们周四十点有空。", expected_ms=2000)
    break_off(chunk, 1000, ())
    assert chunk.text == "我们周四"


def test_after_a_long_gap_chinese_goes_on_at_a_clause() -> None:
    assert rewind_ms([Chunk(text="我们周四有空，十点可以吗？", duration_ms=2800)], 1900, 1000) == 384
