"""Who answers: confusion matrix and decision times over labelled openings.

    [ANTIPHON_SPEECH_DIR=...] python benchmarks/amd.py [--held-out] [--cache DIR] [--only NAME] [--all]

Openings are made with the embedded voices and, where there is a folder of labelled recordings, with those;
each goes through a telephone line (band limit, noise, mu-law), the real voice activity, the embedded
recogniser (whose answers take 200 ms) and the real core on virtual time. `--all` tells of every opening.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from antiphon.quality.answerers.bench import Bench, false_beeps, told
from antiphon.quality.answerers.openings import Opening, held_out, openings
from antiphon.quality.answerers.scoring import Case, summary, table, times_table
from antiphon.storage.home import home_directory


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, default=home_directory() / "answerers")
    parser.add_argument("--only", default="", help="openings whose name holds this")
    parser.add_argument("--held-out", action="store_true", help="the openings nothing was tuned on")
    parser.add_argument("--all", action="store_true", help="tell of every opening")
    args = parser.parse_args()
    named = os.environ.get("ANTIPHON_SPEECH_DIR", "")
    folder = Path(named) if named else None
    if folder is None:
        print("without recordings: set ANTIPHON_SPEECH_DIR to hear those too\n")
    args.cache.mkdir(parents=True, exist_ok=True)
    bench = Bench(folder, args.cache)
    known = held_out() if args.held_out else openings(recorded=folder is not None)
    wanted = [opening for opening in known if args.only in opening.name]
    cases = [_answer(bench, opening) for opening in wanted]
    if args.all:
        for case in cases:
            judged = [(at_ms, event.verdict, event.evidence) for at_ms, event in case.answered.verdicts]
            print(
                case.opening.name, judged, "greeted", case.answered.greeted_ms, "beeps",
                case.answered.beeps_ms, "message", case.answered.message_ms, case.answered.end,
                repr(case.answered.words),
            )  # fmt: skip
    print("\n".join(["First verdict:", "", *table(cases, last=False), "", "Last verdict:", ""]))
    print("\n".join([*table(cases, last=True), "", *times_table(cases), "", *summary(cases)]))
    if folder is not None and not args.held_out:
        minutes, beeps = false_beeps(folder)
        print(f"beeps heard in {minutes:.0f} minutes of recorded speech, noise and music: {beeps}")
    print("\n".join(["", "Not right at first or in the end:", *told(cases)]))
    return 0


def _answer(bench: Bench, opening: Opening) -> Case:
    samples = asyncio.run(bench.samples(opening))
    return bench.answer(opening, samples)


if __name__ == "__main__":
    sys.exit(main())
