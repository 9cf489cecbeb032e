"""An operator's whisper through a whole call over the loopback line: what the agent says after it, and what
it does not. Once with the clinic's flow, once with a language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.doubles.front_desk import FrontDesk, voice
from tests.doubles.paced_loop import live_with_sockets as live

from antiphon.agents.ports import Completion, Message, Tool, Usage
from antiphon.conversation import commands as cmd
from antiphon.runtime.exchange import Outcome
from antiphon.runtime.records.lines import CallRecord, CommandEntry
from antiphon.runtime.records.replaying import replay_exactly

DICTATED = "We have free parking behind the house."


def call(
    desk: FrontDesk, whispers: Sequence[str], *, turns: int = 2, before: int = 1
) -> tuple[CallRecord, Outcome]:
    """A call of so many turns, whispered to once the first `before` of them were answered."""

    async def script(desk: FrontDesk) -> None:
        await desk.hear_out()
        for number in range(turns):
            if number == before:
                for words in whispers:
                    desk.exchange.tell_agent(desk.line.call_id, words)
            await desk.say(voice(900, seed=number))
            await desk.hear_out()
        desk.line.hang_up()

    return live(desk.answer(script))


def heard(record: CallRecord) -> list[str]:
    return [
        entry.command.text
        for entry in record.entries
        if isinstance(entry, CommandEntry) and isinstance(entry.command, cmd.ReportHeard)
    ]


def whispered(record: CallRecord, desk: FrontDesk) -> bool:
    (path,) = (desk.home / "calls").rglob("*.jsonl")
    return '"whispered"' in path.read_text()


def test_a_flow_says_what_it_is_told_to_say_and_goes_on_where_it_was(tmp_path: Path) -> None:
    desk = FrontDesk(tmp_path, words=["I need a flu shot.", "On Wednesday."])
    record, _ = call(desk, [f"say: {DICTATED}"])
    told = heard(record)[-1]
    assert told.startswith(DICTATED)
    without, _ = call(FrontDesk(_other(tmp_path), words=["I need a flu shot.", "On Wednesday."]), [])
    assert heard(without)[-1] == told.removeprefix(DICTATED).strip(), "nothing else has changed"
    assert whispered(record, desk)
    assert replay_exactly(record).difference is None


def test_a_flow_takes_a_value_from_a_whisper_and_asks_for_it_no_more(tmp_path: Path) -> None:
    words = ["I need a flu shot.", "At ten."]
    record, _ = call(FrontDesk(tmp_path, words=words), ["he wants it on Wednesday"])
    without, _ = call(FrontDesk(_other(tmp_path), words=words), [])
    assert "Wednesday" not in " ".join(heard(without))
    asks_for_the_day = "day" in heard(without)[-1].lower()
    assert asks_for_the_day and "first and last name" in heard(record)[-1], (heard(without), heard(record))


def test_a_flow_puts_a_caller_through_when_it_is_told_to(tmp_path: Path) -> None:
    desk = FrontDesk(tmp_path, words=["I need a flu shot.", "Hm, well."])
    record, outcome = call(desk, ["put him through to a person"])
    assert "colleague" in heard(record)[-1]
    assert outcome.reason == "operator"


def test_a_whisper_agrees_to_nothing_in_the_caller_s_place(tmp_path: Path) -> None:
    words = ["A flu shot on Wednesday at ten.", "Linda Chen.", "March third nineteen eighty five.", "Yes."]
    words += ["two one two five five five zero one four two.", "Um.", "Yes."]
    desk = FrontDesk(tmp_path, words=words)
    record, _ = call(desk, ["yes", "yes please, book it", "the first one"], turns=len(words), before=5)
    asked, again, done = heard(record)[-3:]
    assert asked.endswith("Shall I book it?") and again.endswith("Shall I book it?"), again
    assert done.startswith("You're booked"), "by his own word"
    (booked,) = desk.booked("Linda", "Chen")
    assert booked.appointment_type == "vaccination"


def test_each_whisper_is_minded_once_however_many_there_were(tmp_path: Path) -> None:
    desk = FrontDesk(tmp_path, words=["I need a flu shot.", "On Wednesday.", "At ten."])
    many = [f"say: Number {number}." for number in range(12)]  # More than a call remembers.
    record, _ = call(desk, many, turns=3)
    said = " ".join(heard(record))
    assert [said.count(f"Number {number}.") for number in range(12)] == [0, 0] + [1] * 10


class Supervised:
    """A language model that does what its supervisor says, and otherwise says its piece."""

    def __init__(self) -> None:
        self.asked: list[list[Message]] = []

    async def complete(
        self,
        messages: Sequence[Message],
        tools: Sequence[Tool],
        emit: Callable[[str], None],
        meter: Callable[[Usage], None] | None = None,
    ) -> Completion:
        self.asked.append(list(messages))
        told = [one.content for one in messages if one.role == "system" and "supervisor" in one.content]
        text = "We do have free parking." if told else "What day would suit you?"
        emit(text)
        return Completion(text=text)


def test_a_language_model_is_told_and_the_caller_never_hears_the_whisper(tmp_path: Path) -> None:
    model = Supervised()
    desk = FrontDesk(tmp_path, words=["I need a flu shot.", "On Wednesday."], language_model=model)
    record, _ = call(desk, ["mention the parking"])
    assert heard(record)[-2:] == ["What day would suit you?", "We do have free parking."]
    assert "mention the parking" not in " ".join(desk.said)
    assert "mention the parking" not in str(model.asked[0])
    (note,) = [one for one in model.asked[-1] if "mention the parking" in one.content]
    assert note.role == "system", "a caller cannot whisper"
    assert whispered(record, desk)


def _other(home: Path) -> Path:
    other = home / "other"
    other.mkdir()
    return other
