"""What the agent file says of a poor line, and what it may not say."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.unit.agents.test_definition import GOOD, load

from antiphon.conversation import Policy
from antiphon.errors import ConfigError
from antiphon.runtime.records.lines import Header, header_fields

REACHABLE = GOOD if "escalation:" in GOOD else GOOD + "\nescalation: {target: '+12125550100'}\n"


def test_a_file_that_says_nothing_of_the_line_leaves_no_word_of_it_in_the_trace(tmp_path: Path) -> None:
    policy = load(tmp_path).policy
    assert policy.line.fallback == ()
    header = Header(call_id="c", agent="a", definition_hash="", policy=policy, wall_time_ms=0, line="phone")
    assert "line_quality" not in header_fields(header)["policy"]


def test_a_policy_of_the_line_is_read_and_survives_the_trace(tmp_path: Path) -> None:
    policy = load(
        tmp_path, REACHABLE + "\nline_quality: {fallback: [ask, transfer], snr_min_db: -2.5, ask: Again.}\n"
    ).policy
    assert (policy.line.fallback, policy.line.snr_min_db, policy.line.ask) == (
        ("ask", "transfer"),
        -2.5,
        "Again.",
    )
    assert msgspec.convert(msgspec.to_builtins(policy), Policy) == policy


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("fallback: [beg]", "'beg' is not allowed"),
        ("fallback: []", "line_quality.fallback"),
        ("fallback: [ask, ask]", "named twice"),
        ("fallback: [transfer, ask]", "nothing comes after a transfer"),
        ("fallback: ask, snr_min_db: 90", "line_quality.snr_min_db"),
        ("fallback: ask, snr_min: 5", "snr_min_db"),
        ("snr_min_db: 5", "line_quality.fallback"),
    ],
)
def test_what_cannot_be_meant_is_named(tmp_path: Path, section: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, f"{REACHABLE}\nline_quality: {{{section}}}\n")
    assert words in str(refused.value)


def test_a_transfer_needs_somebody_to_transfer_to(tmp_path: Path) -> None:
    alone = "\n".join(line for line in GOOD.splitlines() if not line.startswith("escalation:"))
    with pytest.raises(ConfigError, match="there is nobody to transfer to"):
        load(tmp_path, alone + "\nline_quality: {fallback: [ask, transfer]}\n")
