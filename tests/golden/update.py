"""`python -m tests.golden.update [NAME]...`: record golden traces anew, and the table in README.md.

For when the core decides otherwise on purpose. A story in which the symptom shows is not recorded.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.golden.rows import ROWS
from tests.golden.symptoms import SYMPTOMS

FOLDER = Path(__file__).parent
TRACES = FOLDER / "traces"
TABLE_BEGINS = "<!-- The table is written by `python -m tests.golden.update`. -->\n"


def trace_lines(path: Path) -> list[bytes]:
    """Everything between the header, which names a version, and the end line."""
    return path.read_bytes().splitlines()[1:-1]


def table() -> str:
    """Row by row: the trace, the fault under which it fails, and what is missing."""
    head = "| | Seen in the field | Golden trace | Fails when | How far, and what is missing |"
    lines = [head, "|---|---|---|---|---|"]
    for name, row in ROWS.items():
        symptoms = [symptom for symptom in SYMPTOMS.values() if name in symptom.rows]
        traces = ", ".join(f"`{symptom.name}`" for symptom in symptoms) or "–"
        causes = ", ".join(_sentence(symptom.fault.__name__) for symptom in symptoms) or "–"
        tests = "; also " + ", ".join(f"`{test}`" for test in row.elsewhere) if row.elsewhere else ""
        lines.append(f"| {name} | {row.text} | {traces}{tests} | {causes} | {row.missing or '–'} |")
    return "\n".join(lines) + "\n"


def _sentence(function: str) -> str:
    return function.strip("_").replace("_", " ")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.golden.update", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="(all)")
    names = parser.parse_args().names or list(SYMPTOMS)
    TRACES.mkdir(exist_ok=True)
    for name in names:
        if name not in SYMPTOMS:
            print(f"no story is called {name}; there are: {', '.join(SYMPTOMS)}")
            return 2
        with tempfile.TemporaryDirectory() as folder:
            told = SYMPTOMS[name].tell(Path(folder))
            SYMPTOMS[name].absent(told)
            kept = TRACES / f"{name}.jsonl"
            if kept.is_file() and trace_lines(kept) == trace_lines(told.record.path):
                continue
            shutil.copy(told.record.path, kept)
            kept.chmod(0o644)
            print(f"recorded {name}")
    readme = FOLDER / "README.md"
    head = readme.read_text(encoding="utf-8").partition(TABLE_BEGINS)[0]
    readme.write_text(head + TABLE_BEGINS + table(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
