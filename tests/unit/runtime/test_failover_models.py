"""Language models that fail, are late or refuse, on virtual time: one answer, said once, paid once."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.doubles.scripted_ports import ScriptedModel
from tests.doubles.virtual_loop import live, passes
from tests.unit.runtime.failover_table import ASK, DOWN, FIRST, Table

from antiphon.agents.ports import Message, ToolCall
from antiphon.errors import ProviderError, ProviderRejected
from antiphon.runtime.failover.breaker import BreakerState


def test_the_first_model_answers_and_nobody_else_is_asked() -> None:
    async def story() -> None:
        table = Table(ScriptedModel("Hello ", "there."), ScriptedModel("No."))
        completion = await table.ask()
        assert (table.text, completion.text.strip()) == ("Hello there.", "Hello there.")
        assert table.models[1].asked == []
        assert table.uses() == [("m0", False, False)]

    live(story())


@pytest.mark.parametrize("error", [DOWN, ProviderRejected("m", "no key")])
def test_one_that_fails_before_a_word_is_followed_by_the_next_and_costs_nothing(error: Exception) -> None:
    async def story() -> None:
        table = Table(ScriptedModel(20, error), ScriptedModel("Hello."))
        await table.ask()
        assert table.text == "Hello."
        assert table.uses() == [("m1", False, False)]
        assert [note["provider"] for note in table.notes if note["type"] == "model_failed"] == ["m0"]

    live(story())


def test_words_that_made_no_whole_piece_are_taken_back_and_the_reply_begins_again() -> None:
    async def story() -> None:
        table = Table(ScriptedModel("I thi", DOWN), ScriptedModel("Good morning."))
        completion = await table.ask()
        assert table.text == completion.text.strip() == "Good morning."
        assert table.models[1].asked == [ASK]

    live(story())


def test_words_that_were_let_out_are_never_said_again_and_the_next_model_goes_on_behind_them() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(FIRST, "And th", DOWN), ScriptedModel("Is nine good?"))
        completion = await table.ask()
        assert table.text.split() == (FIRST + "Is nine good?").split()
        assert completion.text.split() == table.text.split()
        told = table.models[1].asked[0][len(ASK) :]
        assert [message.role for message in told] == ["assistant", "system"]
        assert told[0].content == FIRST.strip()
        assert ("m0", True, False) in table.uses()  # What came before it broke is charged.

    live(story())


def test_a_tool_that_ran_is_not_asked_for_again_when_the_model_is_lost_after_it() -> None:
    async def story() -> None:
        call = ToolCall(id="c1", name="book", arguments="{}")
        table = Table(ScriptedModel(calls=[call]), ScriptedModel("You are booked."))
        asked = await table.ask()
        assert asked.tool_calls == (call,)
        table.models[0].steps, table.models[0].calls = (DOWN,), ()
        ran = [
            *ASK,
            Message(role="assistant", content="", tool_calls=asked.tool_calls),
            Message(role="tool", content='{"ok": true}', tool_call_id="c1"),
        ]
        await table.ask(ran)
        assert table.models[1].asked == [ran]
        assert table.text == "You are booked."

    live(story())


def test_a_model_without_a_first_word_in_time_has_failed() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(60_000, "late"), ScriptedModel("Hello."), first_ms=800)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await table.ask()
        assert table.text == "Hello."
        assert loop.time() - begun == pytest.approx(0.8, abs=0.02)
        assert table.models[0].cancelled == 1
        assert table.uses()[0] == ("m0", True, True)  # The prompt was read; nobody heard anything of it.

    live(story())


def test_a_model_that_stalls_half_way_is_followed_too() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(FIRST, 60_000, "never"), ScriptedModel("Is nine good?"))
        await table.ask()
        assert table.text.split() == (FIRST + "Is nine good?").split()

    live(story())


SENTENCES = ("This is the first one. ", "Here comes the second. ", "Now the third follows. ")


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=3))
def test_wherever_models_break_off_no_word_is_said_twice_and_the_pieces_stay_whole(
    breaks: list[tuple[int, bool]],
) -> None:
    def script(number: int, after: int, inside: bool) -> list[int | str | Exception]:
        said: list[int | str | Exception] = [f"m{number} {text}" for text in SENTENCES[:after]]
        return [*said, *(["and the"] if inside else []), DOWN]

    async def story() -> None:
        broken = [ScriptedModel(*script(number, *where)) for number, where in enumerate(breaks)]
        table = Table(*broken, ScriptedModel("The last word."))
        await table.ask()
        said = [
            f"m{number} {text}".strip()
            for number, (after, _) in enumerate(breaks)
            for text in SENTENCES[:after]
        ]
        assert table.text == " ".join([*said, "The last word."])

    live(story())


def test_a_model_with_nobody_behind_it_tells_its_own_reason() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(FIRST, DOWN))
        with pytest.raises(ProviderError, match="down"):
            await table.ask()

    live(story())


def test_when_everybody_fails_the_error_says_so_and_nothing_hangs() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(DOWN), ScriptedModel(60_000))
        with pytest.raises(ProviderError):
            await table.ask()
        assert table.text == ""

    live(story())


def warmed_up(table: Table, answers_in_ms: int) -> None:
    for _ in range(20):
        table.book.of("llm", "m0").first_response.add(answers_in_ms)


@pytest.mark.parametrize("second_ms", [100, 900])
def test_a_hedge_starts_at_the_primarys_own_p95_and_only_one_of_the_two_is_heard(second_ms: int) -> None:
    async def story() -> None:
        first = ScriptedModel(700, "From the first.")
        table = Table(first, ScriptedModel(second_ms, "From the second."), hedge=True, first_ms=5000)
        warmed_up(table, 300)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await table.ask()
        winner, loser, took_s = (1, 0, 0.4) if second_ms == 100 else (0, 1, 0.7)
        assert table.text == ("From the first.", "From the second.")[winner]
        assert loop.time() - begun == pytest.approx(took_s, abs=0.02)
        assert table.models[loser].cancelled == 1
        assert sorted(table.uses()) == sorted([(f"m{winner}", False, False), (f"m{loser}", True, True)])

    live(story())


def test_a_primary_that_has_become_slow_for_good_is_not_raced_and_paid_twice_for_ever() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(900, "Hi."), ScriptedModel(200, "Hi."), hedge=True, first_ms=5000)
        warmed_up(table, 300)
        for _ in range(30):
            await table.ask()
        assert 0 < len(table.models[1].asked) < 15

    live(story())


def test_who_was_only_late_goes_on_where_the_hedge_that_overtook_it_breaks_off() -> None:
    async def story() -> None:
        late = ScriptedModel(700, "And the rest.")
        breaks = ScriptedModel(50, "Here is one. ", DOWN)
        table = Table(late, breaks, hedge=True, first_ms=5000)
        warmed_up(table, 300)
        await table.ask()
        assert table.text == "Here is one. And the rest."
        assert len(late.asked) == 2

    live(story())


def test_there_is_no_hedge_while_nobody_knows_what_is_usual() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(700, "Hello."), ScriptedModel("No."), hedge=True)
        await table.ask()
        assert table.models[1].asked == []

    live(story())


def test_what_one_call_learned_spares_the_next_one_the_wait() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(60_000), ScriptedModel("Hello."), first_ms=500)
        loop = asyncio.get_running_loop()
        for _ in range(3):
            await table.ask()
            table.another_call()
        begun = loop.time()
        await table.ask()
        assert loop.time() - begun < 0.05
        assert len(table.models[0].asked) == 3
        await passes(6000)
        table.models[0].steps = ("I am well again.",)
        await table.ask()  # The probe.
        table.said.clear()
        await table.ask()
        assert table.text == "I am well again."

    live(story())


def test_what_the_next_model_says_again_is_not_heard_again() -> None:
    async def story() -> None:
        again = "Sure, I can do that for you today! And is nine good?"
        table = Table(ScriptedModel(FIRST, "And th", DOWN), ScriptedModel(*again))
        completion = await table.ask()
        assert table.text == f"{FIRST}And is nine good?"
        assert completion.text.split() == table.text.split()

    live(story())


def test_a_refusal_calls_a_person_once_and_keeps_the_breaker_open() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(ProviderRejected("m0", "the quota is used up")), ScriptedModel("Hello."))
        with capture_logs() as logs:
            for _ in range(3):
                await table.ask()
        assert [log["event"] for log in logs if log["log_level"] == "error"] == ["provider_rejected"]
        assert len(table.models[0].asked) == 1
        await passes(60000)
        await table.ask()
        assert len(table.models[0].asked) == 1

    live(story())


def test_giving_up_the_reply_stops_everybody_at_once_and_is_no_verdict() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(9000, "a"), ScriptedModel(9000, "b"), hedge=True, first_ms=20_000)
        warmed_up(table, 100)
        asking = asyncio.ensure_future(table.ask())
        await passes(500)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert [model.cancelled for model in table.models] == [1, 1]
        assert set(table.book.states().values()) == {"closed"}
        assert [use[:2] for use in table.uses()] == [("m0", True), ("m1", True)]

    live(story())


def test_the_last_one_is_tried_even_when_every_breaker_is_open() -> None:
    async def story() -> None:
        table = Table(ScriptedModel(DOWN), ScriptedModel(DOWN))
        for _ in range(4):
            with pytest.raises(ProviderError):
                await table.ask()
        table.models[1].steps = ("Hello.",)
        await table.ask()
        assert table.text == "Hello."

    live(story())


@pytest.mark.parametrize("error", [KeyError("the caller's words"), SystemExit(3), asyncio.CancelledError()])
def test_an_adapter_that_breaks_in_its_own_way_is_followed_by_the_next_and_named(
    error: BaseException, capfd: pytest.CaptureFixture[str]
) -> None:
    """A message nobody knew is a mistake of ours; the caller, who waits, is answered by the next vendor all
    the same. It counts, so that its breaker opens, and it is in the log under the adapter's name."""

    async def story() -> None:
        table = Table(ScriptedModel("One. ", error), ScriptedModel("Two."))
        await table.ask()
        assert table.text == "One. Two."
        failed = [note["provider"] for note in table.notes if note["type"] == "model_failed"]
        assert failed == ["m0"]
        for _ in range(2):
            table.models[0].steps = (error,)
            await table.ask()
        assert table.book.of("llm", "m0").breaker.state is BreakerState.OPEN

    live(story())
    told = capfd.readouterr().out
    assert "adapter_broke" in told and "m0" in told and type(error).__name__ in told


def test_a_fault_of_who_asked_is_no_providers_failure() -> None:
    async def story() -> None:
        table = Table(ScriptedModel("One. Two. Three."), ScriptedModel("Hello."))

        def breaks(text: str) -> None:
            raise ValueError("bug")

        with pytest.raises(ValueError, match="bug"):
            await table.failover.complete(ASK, (), breaks)
        assert table.models[1].asked == []
        assert set(table.book.states().values()) == {"closed"}

    live(story())
