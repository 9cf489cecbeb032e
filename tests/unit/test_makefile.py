"""The first thing a newcomer meets: `make` says in words what the machine lacks, and does nothing twice."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What make needs of a clone, without the rest."""
    for name in ("Makefile", "pyproject.toml", "requirements/serve.txt", "requirements/test.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def make(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=clone, capture_output=True, text=True, check=False, env=environment
    )


def python_that(clone: Path, script: str) -> str:
    fake = clone / "fake-python"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    return f"PYTHON={fake}"


def test_no_python_is_told_with_the_way_out(clone: Path) -> None:
    result = make(clone, "env", "PYTHON=")
    assert result.returncode and "No Python 3.11, 3.12 or 3.13 was found" in result.stdout


def test_a_python_too_old_or_untried_is_refused_by_name(clone: Path) -> None:
    result = make(clone, "env", python_that(clone, "exit 1"))
    assert result.returncode and "fake-python is not Python 3.11, 3.12 or 3.13" in result.stdout


def test_a_missing_venv_module_names_the_package_to_install(clone: Path) -> None:
    result = make(clone, "env", python_that(clone, 'case "$2" in *venv*) exit 1;; esac'))
    assert result.returncode and "apt-get install python3-venv" in result.stdout


def test_a_package_that_cannot_be_installed_names_mirror_and_guide(clone: Path) -> None:
    pip_fails = 'mkdir -p $3/bin; printf "#!/bin/sh\\nexit 1" > $3/bin/python; chmod +x $3/bin/python'
    venv = f'case "$2" in venv) {pip_fails};; esac'
    result = make(clone, "env", python_that(clone, venv))
    assert result.returncode
    assert "PIP_INDEX_URL" in result.stdout and "docs/install.md" in result.stdout
    assert not (clone / ".venv/.stamps/serve").exists()


def test_a_second_run_installs_nothing_until_a_pin_changes(clone: Path) -> None:
    stamps = clone / ".venv/.stamps"
    stamps.mkdir(parents=True)
    pins = clone / "requirements/serve.txt"
    later = max(pins.stat().st_mtime, (clone / "pyproject.toml").stat().st_mtime) + 10
    for name in ("venv", "serve"):
        (stamps / name).touch()
        os.utime(stamps / name, (later, later))
    assert make(clone, "-q", "env").returncode == 0
    os.utime(pins, (later + 10, later + 10))
    assert make(clone, "-q", "env").returncode == 1


def test_ci_runs_make_test() -> None:
    script = ROOT / ".ci/run"
    assert "exec make test" in script.read_text() and os.access(script, os.X_OK)


def telephones(clone: Path, user: int, apt: str) -> subprocess.CompletedProcess[str]:
    """`make telephones` on a machine without any, where apt-get is this script."""
    for name, script in (("id", f"echo {user}"), ("apt-get", apt), ("systemctl", "exit 1")):
        (clone / name).write_text(f"#!/bin/sh\n{script}\n")
        (clone / name).chmod(0o755)
    paths = f"PATH={clone}{os.pathsep}{os.environ['PATH']}"
    quiet = f"KEPT_QUIET={clone}/policy-rc.d"
    return make(clone, "telephones", paths, quiet, "TELEPHONES=no-phone", "EDGE=no-edge no-relay")


def test_telephones_are_installed_by_root_and_start_nothing_meanwhile(clone: Path) -> None:
    result = telephones(clone, 0, f'echo "$@ $({clone}/policy-rc.d; echo $?)" >> {clone}/asked')
    assert result.returncode == 0
    assert "Installing no-phone for the tests of SIP" in result.stdout
    assert "Installing no-edge no-relay for the tests of the edge" in result.stdout
    asked = (clone / "asked").read_text().splitlines()
    assert len(asked) == 4 and all(line.endswith(" 101") for line in asked), (
        "Debian asks before it starts a service"
    )
    assert "sip-tester baresip-core" in asked[1]
    assert "--no-install-recommends kamailio kamailio-tls-modules rtpengine-daemon" in asked[3]
    assert not (clone / "policy-rc.d").exists(), "what is installed later may start again"


@pytest.mark.parametrize(
    ("user", "said"), [(0, "It could not be installed"), (1000, "No no-edge no-relay on this")]
)
def test_tests_that_lack_telephones_are_left_out_in_words(clone: Path, user: int, said: str) -> None:
    result = telephones(clone, user, "exit 100")
    assert result.returncode == 0
    assert said in result.stdout and "the tests of the edge will be left out" in result.stdout
