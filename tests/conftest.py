"""What every test may ask for: where the real recordings lie, and reasons in words for what cannot run."""

from __future__ import annotations

import gc
import importlib.util
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).resolve().parent
SIP_PEERS = {"sipp": "sip-tester", "baresip": "baresip-core"}
REAL_TIME = ("audio", "browser", "sip")  # Folders, and the marks of what is in them.
MODEL_SETS = ("serve", "callers")
TIMEOUT_S = 180  # Of a test that does not run in real time; the longest take 20 s on a busy machine.
WHOLE = ("test_kill9.py", "test_speech_to_speech_offers.py", "test_sending.py")
LEISURELY_TIMEOUT_S = 600  # Of one that gives way to all the others.
NO_RECORDINGS = "no folder of recordings: set ANTIPHON_SPEECH_DIR"
# Tracebacks as servers log them: drawn with every variable's value, one takes seconds.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)
# The same examples in every run, however loaded the machine is: a run says something about the change, not
# about luck. `pytest --hypothesis-profile=explore` looks further.
settings.register_profile(
    "fixed", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
# What `make check` has time for; see also tests/property/examples.py.
settings.register_profile("quick", parent=settings.get_profile("fixed"), max_examples=30)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile("fixed")
# Servers of tests are on this machine, and no test talks to a model of whoever runs it.
for _name in ("NO_PROXY", "no_proxy"):
    os.environ[_name] = ",".join(filter(None, (os.environ.get(_name), "127.0.0.1", "localhost")))
for _name in [name for name in os.environ if name.startswith("ANTIPHON_LLM_")]:
    del os.environ[_name]


def speech_directory() -> Path | None:
    """The folder of labelled recordings: ANTIPHON_SPEECH_DIR, or else the one beside the repository."""
    folder = Path(os.environ.get("ANTIPHON_SPEECH_DIR") or TESTS.parents[1] / "shared" / "speech")
    return folder if (folder / "manifest.jsonl").is_file() else None


def chromium() -> str | None:
    """A Chromium on this machine: CHROMIUM, or the usual names on the path."""
    named = os.environ.get("CHROMIUM")
    return named or next(
        (found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None
    )


def models_missing() -> str:
    """Why tests of the embedded models cannot run, "" when they can."""
    from antiphon.providers.local.models import models_root, select
    from antiphon.providers.local.models.store import quick_trouble

    missing = [model.name for model in select(MODEL_SETS) if quick_trouble(model, models_root() / model.name)]
    fix = f"antiphon models fetch {' '.join(MODEL_SETS)}"
    return f"embedded models are not installed ({', '.join(missing)}): {fix}" if missing else ""


def sip_missing() -> str:
    """Why calls over real SIP cannot be tested, "" when they can."""
    missing = [f"{name} (Debian: {package})" for name, package in SIP_PEERS.items() if not shutil.which(name)]
    if importlib.util.find_spec("baresip") is None:
        missing.append("pip install 'antiphon[sip]'")
    return f"no SIP without {', '.join(missing)}" if missing else ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by folder what runs in real time, and leave out in words what this machine cannot run."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in ("audio", "browser") and item.get_closest_marker("own_pace") is None:
            item.add_marker(folder)
        elif folder == "sip":
            item.add_marker(folder)
            item.add_marker("audio")  # Calls in real time, so they run alone.
        elif any(item.get_closest_marker(marker) for marker in REAL_TIME):
            raise pytest.UsageError(f"{item.nodeid}: what runs in real time lies in {', '.join(REAL_TIME)}")
        elif item.get_closest_marker("timeout") is None:
            leisurely = item.get_closest_marker("own_pace") is not None
            item.add_marker(pytest.mark.timeout(LEISURELY_TIMEOUT_S if leisurely else TIMEOUT_S))
        # A server with its database for every test, or a database server beside it.
        if item.path.parent.name == "api" or "[postgresql" in item.name or item.path.name in WHOLE:
            item.add_marker("whole")
    reasons = {
        "speech_dir": "" if speech_directory() else NO_RECORDINGS,
        "sip": sip_missing(),
        "browser": "" if chromium() else "no Chromium on this machine: install it or set CHROMIUM",
    }
    if any(item.get_closest_marker("models") for item in items):
        reasons["models"] = models_missing()
    for item in items:
        for marker, reason in reasons.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_collection_finish() -> None:
    """Thousands of tests and the modules they import stay: nobody need look for garbage among them again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def speech_dir() -> Path:
    """The folder of labelled recordings; skips where there is none."""
    folder = speech_directory()
    if folder is None:
        pytest.skip(NO_RECORDINGS)
    return folder


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Names under one folder: pytest would look through all there are for every further one."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _home_of_its_own(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes into the data directory of the person who runs it."""
    if "ANTIPHON_HOME" not in os.environ:
        monkeypatch.setenv("ANTIPHON_HOME", str(next(homes)))
