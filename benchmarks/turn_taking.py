"""Response delay against cut-offs on real recordings: presets, fixed silence, the end-of-turn model alone.

    ANTIPHON_SPEECH_DIR=... python benchmarks/turn_taking.py [--ways recorded,phone,noise20,noise10,noise5]
    ANTIPHON_SPEECH_DIR=... python benchmarks/turn_taking.py --fit
    ANTIPHON_SPEECH_DIR=... python benchmarks/turn_taking.py --held-out COLLECTION [--every 2] [--wordless]

Each recording goes through the real voice activity and dating, the embedded recogniser and scorer, and the
real conversation core on virtual time. What the models say is computed once and kept under --cache (default
ANTIPHON_HOME/turn_taking); the sweep of other settings decides on the pauses as they were heard once.
`--wordless` leaves the recogniser out, in a minute instead of many: presets decide by the score alone, and
are charged for the words all the same. `--fit` prints the weights of `providers.local.smart_turn.Blend`.
COLLECTION is a folder of recordings nobody fitted anything on, for the figures in docs/evaluation.md
`data/speech/clean` of github.com/Picovoice/speech-to-intent-benchmark (Apache-2.0); those that are in our
folder too are left out.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from antiphon.conversation.policy import PRESETS, Policy, TurnPolicy
from antiphon.providers.local.silero import SileroVad
from antiphon.providers.local.smart_turn import Blend
from antiphon.quality.turns.bench import Bench
from antiphon.quality.turns.cases import Case, read_cases
from antiphon.quality.turns.curves import Point, at_most_cut, at_most_delay, plot
from antiphon.quality.turns.fitting import fit_blend
from antiphon.quality.turns.heard_pauses import HeardPause, taken_by_policy
from antiphon.quality.turns.held_out import RATE_HZ, held_out
from antiphon.quality.turns.judge import (
    Pause,
    Score,
    Verdict,
    meeting_verdicts,
    taken_by_core,
    taken_by_rule,
)
from antiphon.quality.turns.line import Ear
from antiphon.quality.turns.pausing import BRISK, LONG_PAUSING, hold_calls
from antiphon.runtime.media import SpeechGate
from antiphon.storage.home import home_directory

WAYS = ("recorded", "phone", "noise20", "noise10", "noise5")
FIXED_MS = (*range(100, 800, 25), *range(800, 1700, 50))
ALONE_SCORES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98)
ALONE_MIN_MS = (200, 300, 400)
ALONE_MAX_MS = (300, 400, 500, 600, 800, 1000, 1300, 1600, 2000)
# A group of turns: whose cut-offs are counted, and whose true ends are waited for.
Sets = tuple[str, ...]
GROUPS: dict[str, tuple[Sets, Sets]] = {
    "unfinished phrases": (("incomplete",), ("pauses", "whole", "short")),
    "ends of clauses": (("clause_end",), ("pauses", "whole", "short")),
    "turns": (("incomplete", "clause_end", "short"), ("pauses", "whole", "short")),
    "own pauses": (("pauses",), ("pauses",)),
    "whole turns": (("pauses", "whole"), ("pauses", "whole", "short")),
    "phone8k": (("phone8k",), ("phone8k",)),
    "meetings, per pause": (("meeting_pauses",), ("meeting_ends",)),
    "digits, names, dates asked for": (("expected",), ("expected",)),
}
POOLED = (
    ("incomplete", "clause_end", "pauses", "whole", "short", "phone8k"),
    ("pauses", "whole", "short", "phone8k"),
)

Decide = Callable[[Case, str], Verdict]


class Turns:
    """Verdicts of every rule and policy on the cases of one way of hearing them."""

    def __init__(self, bench: Bench, cases: Sequence[Case], way: str, *, wordless: bool = False) -> None:
        self._bench, self._cases, self._way, self._wordless = bench, cases, way, wordless
        self._pauses: dict[str, list[Pause]] = {}
        self._heard: dict[str, list[HeardPause]] = {}

    def by_policy(self, turn: TurnPolicy) -> dict[str, list[Verdict]]:
        # One recording is one turn: nothing can be learnt from the turns before it, and what is learnt from a
        # cut-off would only be paid for at the end of the same turn. `--adapting` measures it on whole calls.
        if self._wordless:
            return self.by_settings(turn)
        policy = Policy(turn=msgspec.structs.replace(turn, adapt=False))
        return self._judged(lambda case: taken_by_core(self._bench.decide(case, self._way, policy)))

    def by_settings(self, turn: TurnPolicy) -> dict[str, list[Verdict]]:
        """As `by_policy`, decided on the pauses as they were heard once: a sweep needs no ears."""
        policy = Policy(turn=msgspec.structs.replace(turn, adapt=False))
        return self._judged(lambda case: taken_by_policy(self._heard_pauses(case), policy, case.expects))

    def _heard_pauses(self, case: Case) -> list[HeardPause]:
        if case.file not in self._heard:
            hear = self._bench.wordless if self._wordless else self._bench.pauses
            self._heard[case.file] = hear(case, self._way)
        return self._heard[case.file]

    def by_rule(self, rule: Callable[[Pause], int]) -> dict[str, list[Verdict]]:
        words_ms = self._bench.costs.transcript_ms
        return self._judged(lambda case: taken_by_rule(self._known_pauses(case), rule, words_ms))

    def _known_pauses(self, case: Case) -> list[Pause]:
        if case.file not in self._pauses:
            self._pauses[case.file] = [found.pause for found in self._bench.sounded(case, self._way)]
        return self._pauses[case.file]

    def _judged(self, taken: Callable[[Case], list[int]]) -> dict[str, list[Verdict]]:
        verdicts: dict[str, list[Verdict]] = {}
        for case in self._cases:
            if case.segments:
                found = meeting_verdicts(case.segments, self._known_pauses(case), taken(case))
                for key, every in found.items():
                    verdicts.setdefault(key, []).extend(every)
                continue
            on_line = self._bench.on_line(case, self._way)
            verdicts.setdefault(case.set, []).append(on_line.verdict(taken(case)))
        return verdicts


def point(
    verdicts: dict[str, list[Verdict]], group: tuple[tuple[str, ...], tuple[str, ...]], name: str
) -> Point:
    cut, delayed = (Score.of(verdict for key in keys for verdict in verdicts.get(key, ())) for keys in group)
    return Point(
        name=name, cut_rate=cut.cut_rate, delay_ms=delayed.delay_mean_ms, p90_ms=delayed.delay_p90_ms
    )


def fixed_rules() -> Iterable[tuple[str, Callable[[Pause], int]]]:
    for silence_ms in FIXED_MS:
        yield f"{silence_ms} ms", lambda pause, silence_ms=silence_ms: silence_ms


def model_rules() -> Iterable[tuple[str, Callable[[Pause], int]]]:
    for score in ALONE_SCORES:
        for low in ALONE_MIN_MS:
            for high in ALONE_MAX_MS:
                if low < high:
                    name = f"score {score}: {low}, else {high} ms"
                    yield name, lambda p, s=score, a=low, b=high: a if p.score >= s else b


def sweep() -> Iterable[tuple[str, TurnPolicy]]:
    """Other settings of the same formula, to draw its curve."""
    scores = ((0.4, 0.2), (0.5, 0.35), (0.6, 0.5), (0.69, 0.6), (0.77, 0.67), (0.83, 0.73), (0.86, 0.75))
    for low, high in ((200, 500), (200, 1300), (240, 800), (280, 1300), (340, 1300), (400, 1300)):
        for complete, incomplete in scores:
            yield (
                f"{low} to {high} ms, {complete} to {incomplete}",
                TurnPolicy(
                    stop_silence_min_ms=low,
                    stop_silence_max_ms=high,
                    score_complete=complete,
                    score_incomplete=incomplete,
                ),
            )


def less(ours: float, theirs: float | None) -> str:
    return "-" if not theirs else f"{100 * (1 - ours / theirs):+.0f} %"


def report(turns: Turns) -> dict[str, dict[str, list[Point]]]:
    """Per group: the points of fixed silence, the model alone, our formula and our presets."""
    runs = {
        "fixed": [(name, turns.by_rule(rule)) for name, rule in fixed_rules()],
        "model": [(name, turns.by_rule(rule)) for name, rule in model_rules()],
        "presets": [(name, turns.by_policy(policy)) for name, policy in PRESETS.items()],
        "sweep": [(name, turns.by_settings(policy)) for name, policy in sweep()],
    }
    groups = {**GROUPS, "all pooled": POOLED}
    return {
        group: {key: [point(found, sets, name) for name, found in run] for key, run in runs.items()}
        for group, sets in groups.items()
    }


def table(points: dict[str, dict[str, list[Point]]]) -> str:
    lines = [
        "| turns | preset | cut off % | delay ms | p90 | fixed, as safe | less | model, as safe | less |",
        "| --- | --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for group, runs in points.items():
        for ours in runs["presets"]:
            fixed = at_most_cut(runs["fixed"], ours.cut_rate)
            model = at_most_cut(runs["model"], ours.cut_rate)
            cells = [
                f"{100 * ours.cut_rate:.1f}",
                f"{ours.delay_ms:.0f}",
                f"{ours.p90_ms:.0f}",
                f"{fixed.delay_ms:.0f}" if fixed else "none",
                less(ours.delay_ms, fixed.delay_ms if fixed else None),
                f"{model.delay_ms:.0f}" if model else "none",
                less(ours.delay_ms, model.delay_ms if model else None),
            ]
            lines.append(f"| {group} | {ours.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def budgets(runs: dict[str, list[Point]]) -> str:
    """The four figures of eot-bench, on our recordings: compare methods here, not with its own table."""
    lines = [
        "| rule | cut off at 300 ms % | at 600 ms % | delay at 5 % cut off | at 10 % |",
        "| --- | --: | --: | --: | --: |",
    ]
    ours = runs["presets"] + runs["sweep"]
    for name, points in (
        ("fixed silence", runs["fixed"]),
        ("model alone", runs["model"]),
        ("Antiphon", ours),
    ):
        cells = []
        for delay_ms in (300, 600):
            best = at_most_delay(points, delay_ms)
            cells.append(f"{100 * best.cut_rate:.1f}" if best else "-")
        for cut_rate in (0.05, 0.1):
            best = at_most_cut(points, cut_rate)
            cells.append(f"{best.delay_ms:.0f}" if best else "-")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def adapting() -> str:
    """What learning within a call does to callers of known habits: events only, scores as recorded."""
    lines = [
        "| caller | preset | cut off % | learning | delay ms | learning |",
        "| --- | --- | --: | --: | --: | --: |",
    ]
    for caller, habit in (("brisk", BRISK), ("pauses long", LONG_PAUSING)):
        for name, policy in PRESETS.items():
            found = [
                hold_calls(turn, habit, calls=200, turns=12, seed=1)
                for turn in (msgspec.structs.replace(policy, adapt=False), policy)
            ]
            rates = [f"{100 * each.cut / each.turns:.1f}" for each in found]
            delays = [f"{sum(each.delays_ms) / len(each.delays_ms):.0f}" for each in found]
            lines.append(f"| {caller} | {name} | " + " | ".join((*rates, *delays)) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("ANTIPHON_SPEECH_DIR", "")))
    parser.add_argument("--cache", type=Path, default=home_directory() / "turn_taking")
    parser.add_argument("--ways", default="recorded", help=f"of {', '.join(WAYS)}")
    parser.add_argument("--sets", default="", help="only these sets of recordings")
    parser.add_argument("--plot", type=Path, help="write the curves of the first way as SVG")
    parser.add_argument("--fit", action="store_true", help="fit the blend on these recordings and stop")
    parser.add_argument(
        "--held-out", type=Path, metavar="COLLECTION", help="these recordings instead of our own"
    )
    parser.add_argument("--every", type=int, default=1, help="of them, only every so manieth without a pause")
    parser.add_argument("--wordless", action="store_true", help="by the scores alone: no recogniser, no cues")
    parser.add_argument("--adapting", action="store_true", help="simulated callers of two habits, and stop")
    parser.add_argument("--json", type=Path, help="write every point here")
    args = parser.parse_args()
    if args.adapting:
        print(adapting())
        return 0
    if args.held_out:
        ours, args.folder = args.folder / "manifest.jsonl", args.cache / "held_out"
        if not (args.folder / "manifest.jsonl").exists():
            ear = Ear(SileroVad(8000), SileroVad(RATE_HZ), SpeechGate())
            held_out(args.held_out, ours, args.folder, ear, every=args.every)
    bench = Bench(args.folder, args.cache, Blend())
    chosen = set(args.sets.split(",")) - {""}
    cases = [case for case in read_cases(args.folder) if not chosen or case.set in chosen]
    if args.fit:
        print(fit_blend(bench, [case for case in cases if case.expects == "open" and not case.segments]))
        return 0
    every = {}
    for number, way in enumerate(args.ways.split(",")):
        points = every[way] = report(Turns(bench, cases, way, wordless=args.wordless))
        print(f"\n## {way}\n\n{table(points)}\n\n{budgets(points['all pooled'])}")
        if args.plot and not number:
            args.plot.write_text(plot(points["unfinished phrases"], points["all pooled"]))
    if args.json:
        args.json.write_bytes(msgspec.json.encode(every))
    return 0


if __name__ == "__main__":
    sys.exit(main())
