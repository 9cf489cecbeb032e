"""Every vendor that hears, thinks, speaks, or does all of it, lost in the middle of a call to the clinic in
each of eight ways: does the call go on, and how much longer does the caller wait for the longest answer
after it?

    python benchmarks/faults.py [--role stt] [--vendor google] [--json]

Real adapters and SDKs against the vendors' doubles on local sockets, on paced virtual time: what is told is
what deadlines, retries and failover cost, without any network. A call that was not served well (words lost or
said twice, not one booking, a tool that ran twice, a wait of six seconds) is told by what was wrong.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.doubles.clinic_faults import FAULTS, lists_for, matrix, survive
from tests.doubles.faults import Fault
from tests.doubles.unified_faults import ROLE, survive_session, unified_matrix


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--role", choices=["stt", "tts", "llm", ROLE])
    parser.add_argument("--vendor", default="", help="only names that begin like this")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    told: dict[tuple[str, str], dict[str, str]] = {}
    for role, name, fault in (*matrix(), *unified_matrix()):
        if (args.role and role != args.role) or not name.startswith(args.vendor):
            continue
        told.setdefault((role, name), {})[fault.value] = _outcome(role, name, fault)
        print(f"{role} {name} {fault.value}: {told[role, name][fault.value]}", file=sys.stderr)
    if args.json:
        print(
            json.dumps([{"role": role, "name": name, **row} for (role, name), row in told.items()], indent=1)
        )
    else:
        columns = [fault.value for fault in FAULTS]
        print(f"| role | vendor | {' | '.join(columns)} |", f"|---|---|{'---:|' * len(columns)}", sep="\n")
        for (role, name), row in told.items():
            print(f"| {role} | {name} | {' | '.join(row.get(column, '–') for column in columns)} |")
    return int(any(not cell[0].isdigit() for row in told.values() for cell in row.values()))


def _outcome(role: str, name: str, fault: Fault) -> str:
    """Added delay in ms, or what was wrong."""
    with tempfile.TemporaryDirectory() as home:
        try:
            if role == ROLE:
                survived = survive_session(Path(home), name, fault)
            else:
                survived = survive(Path(home), lists_for(role, name), role, fault)
        except AssertionError as error:
            return f"lost: {error}"
    return ", ".join(survived.faults) or str(survived.added_ms)


if __name__ == "__main__":
    sys.exit(main())
