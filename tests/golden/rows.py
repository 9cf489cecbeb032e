"""What users of voice agents complain about, and the nine invariants that answer it, row by row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One invariant or pain.

    Attributes:
        missing: What the golden trace does not show, and where it is or will be shown; "" when all is there.
        elsewhere: Tests outside this folder that stand for it, as `path::name`.
    """

    text: str
    missing: str = ""
    elsewhere: tuple[str, ...] = ()


ROWS: dict[str, Row] = {
    "I1": Row(text="After a flush no sample of that reply is played, however late it arrives"),
    "I2": Row(text="Every reply reaches exactly one end, and nothing waits on an ended reply"),
    "I3": Row(text="Agent text in the transcript is exactly what was played, cut at the mark"),
    "I4": Row(text="Speaking means samples are queued or a deadline is running"),
    "I5": Row(text="Every final transcript joins a turn or is recorded as something else"),
    "I6": Row(text="From every reachable state a timer is pending until the call ends"),
    "I7": Row(text="A consequential tool effect happens at most once per confirmed turn"),
    "I8": Row(text="Call time never decreases; equal times are processed in arrival order"),
    "I9": Row(
        text="No command needs a permit the conversation does not hold",
        missing="The confirmed turn and the consent to record. A call is dialled before it has a trace: the "
        "permit for that is shown by the tests beside",
        elsewhere=(
            "tests/unit/trust/test_dialling.py::test_what_may_not_be_called_has_no_permit",
            "tests/unit/trust/test_dialling.py::test_nobody_else_can_make_a_permit",
        ),
    ),
    "P1": Row(text="Text never spoken enters the context"),
    "P2": Row(text="Words the caller did hear are lost, so the agent repeats itself"),
    "P3": Row(text="A whole assistant turn vanishes on hang-up or early pause"),
    "P4": Row(text="The caller's words are dropped when he speaks again quickly"),
    "P5": Row(text="The agent goes silent but says that it speaks"),
    "P6": Row(text="The call never ends, or hangs at shutdown"),
    "P7": Row(
        text="The goodbye is clipped, its hang-up cancelled by a barge-in, or repeated for ever",
        elsewhere=(
            "tests/unit/conversation/test_found_by_simulation.py::"
            "test_a_goodbye_talked_over_at_the_time_limit_ends_with_that_cause",
            "tests/unit/conversation/test_found_by_simulation.py::"
            "test_asking_for_the_end_again_does_not_put_it_off",
        ),
    ),
    "P8": Row(
        text="A false barge-in on a cough, a breath, echo or line noise",
        missing="Line noise and a crowd: shown by the tests beside, on the media plane",
        elsewhere=(
            "tests/unit/runtime/test_media_mirror.py::test_what_the_loudspeaker_gives_back_is_known",
            "tests/unit/runtime/test_media_crowd.py::"
            "test_a_turn_in_front_of_a_crowd_ends_with_the_caller_not_with_the_crowd",
        ),
    ),
    "P9": Row(text="The first syllable is lost after a barge-in"),
    "P10": Row(text="A tool runs twice after a barge-in"),
    "P11": Row(text="Audio of a cancelled sentence leaks into the next"),
    "P12": Row(text="Choppy or degrading audio on phone lines while the recording is clean"),
    "P13": Row(
        text="Latency climbs from the third concurrent call",
        missing="That one inference serves all calls. Milliseconds under load are measured, see "
        "`docs/benchmarks.md`",
    ),
    "P14": Row(
        text="50 to 400 MB a call; four or five rooms on a core with 2 GB",
        missing="What a call costs Python. The resident memory of the process is measured, see "
        "`docs/benchmarks.md`",
    ),
    "P15": Row(text="Memory grows call after call; a full processor after the hang-up"),
    "P16": Row(text="An idle prompt or hang-up fires while the caller still hears the agent"),
    "P17": Row(
        text="Voicemail is treated as a person; the redial is not run",
        missing="The redial: nothing here dials again by itself. What whoever does goes by, the cause of the "
        "end, is in each trace; of calls nobody answers, and of faxes, shown by the tests beside",
        elsewhere=(
            "tests/conformance/test_placed_calls.py::test_nobody_who_answers_is_told_apart",
            "tests/unit/calls/test_placed_calls.py::test_a_machine_is_hung_up_on_where_the_file_says_so",
            "tests/unit/calls/test_placed_calls.py::test_a_fax_hears_nothing",
        ),
    ),
    "P18": Row(
        text="Call-screening assistants and loops of callers on hold",
        missing="An assistant that asks again and again is bounded by the limits of any call",
    ),
    "P19": Row(
        text="Transfer: ring timeout ignored, wrong final state, caller gone while the other phone rings",
        missing="The caller's side. The second leg is a machine of its own, which the tests beside drive",
        elsewhere=(
            "tests/unit/calls/test_warm_transfer.py::test_a_phone_that_only_rings_is_given_up_and_hung_up",
            "tests/unit/calls/test_warm_transfer.py::"
            "test_a_caller_who_hangs_up_during_the_transfer_takes_the_leg_with_him",
            "tests/unit/calls/test_warm_transfer.py::test_a_person_who_is_not_reached_gives_the_caller_back",
        ),
    ),
    "P20": Row(
        text="Reconnect storms or lost audio when the socket of a vendor drops",
        missing="The voice. Recognisers and models that are lost are shown by the tests beside, and by the "
        "suites in `tests/conformance/` on real sockets",
        elsewhere=(
            "tests/unit/runtime/test_failover_recognisers.py::"
            "test_wherever_it_breaks_the_whole_utterance_is_understood_by_the_next",
            "tests/unit/runtime/test_failover_recognisers.py::"
            "test_calls_that_come_later_do_not_wait_for_what_is_known_to_be_down",
            "tests/unit/runtime/test_failover_models.py::"
            "test_wherever_models_break_off_no_word_is_said_twice_and_the_pieces_stay_whole",
        ),
    ),
    "P21": Row(text="End of turn waits for seconds because a final never comes, or fires in the next turn"),
    "P22": Row(
        text="Realtime model: context seed refused, history lost on reconnect, answer after an interruption"
    ),
    "P23": Row(text="The limit of TTS contexts is reached by rapid interruptions"),
    "P24": Row(text="Testing is manual or needs real calls and keys"),
    "P25": Row(
        text="Checks of quota or identity fail open; the media socket is unauthenticated",
        elsewhere=(
            "tests/unit/calls/test_twilio_server.py::"
            "test_without_a_token_the_stream_is_closed_with_the_reason",
            "tests/unit/runtime/test_exchange.py::test_more_calls_than_lines_are_refused_and_the_others_go_on",
        ),
    ),
}
