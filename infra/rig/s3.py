"""A real S3 server on loopback: versitygw over a folder, with versions and Object Lock.

What it stores lies in `data/s3/data`, older versions in `data/s3/versions`: the tests look there for the
bytes that a disposal must have taken away.
"""

import os
import secrets
import shutil
import urllib.error
import urllib.request
from pathlib import Path

from infra.rig.processes import TRIES, RigError, Server, free_ports, run, start, wait_for

__all__ = ["VERSITYGW", "install_versitygw", "start_s3"]

VERSITYGW = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"
_LOOPBACK = "127.0.0.1"


def install_versitygw(home: Path) -> Path:
    """Build the server with Go, once; its sources are checked against Go's public list of sums.

    Returns:
        The program.

    Raises:
        RigError: There is no Go, or it failed.
    """
    folder = home / "tools" / "versitygw"
    program, stamp = folder / "versitygw", folder / "stamp"
    if stamp.exists() and stamp.read_text(encoding="ascii") == VERSITYGW:
        return program
    if shutil.which("go") is None:
        raise RigError("the S3 server is built with Go 1.25 or newer, which is not installed: see go.dev")
    print("rig: building the S3 server (two or three minutes)", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    env = {"GOBIN": str(folder), "CGO_ENABLED": "0"}
    command = ["go", "install", VERSITYGW]
    run("go install", command, log=home / "log" / "go.log", seconds=900, env=env, tries=TRIES)
    stamp.write_text(VERSITYGW, encoding="ascii")
    return program


def start_s3(home: Path, program: Path) -> dict[str, str]:
    """Start the server with no bucket in it, and with a user who may do what a bucket's policy lets him.

    Returns:
        The lines for `.rig/env`.
    """
    folder = home / "data" / "s3"
    data, versions, people = folder / "data", folder / "versions", folder / "people"
    for each in (data, versions, people):
        each.mkdir(parents=True)
    _needs_attributes(folder)
    (port,) = free_ports(1)
    access, secret = f"rig{secrets.token_hex(8)}", secrets.token_hex(20)
    command: list[str | Path] = [program, "--port", f"{_LOOPBACK}:{port}", "--iam-dir", people]
    command += ["posix", "--versioning-dir", versions, data]
    env = {"ROOT_ACCESS_KEY": access, "ROOT_SECRET_KEY": secret}
    alive = start(home, Server(name="s3", command=command, cwd=folder, env=env))
    url = f"http://{_LOOPBACK}:{port}"
    wait_for(home, "s3", lambda: _answers(url), alive=alive, seconds=120)
    user, password = f"archive{secrets.token_hex(6)}", secrets.token_hex(20)
    admin: list[str | Path] = [program, "admin", "--endpoint-url", url]
    admin += ["--access", access, "--secret", secret]
    create = ["create-user", "--access", user, "--secret", password, "--role", "user"]
    run("creating the user", [*admin, *create], log=home / "log" / "s3.log", seconds=120)
    return {
        "RIG_S3_USER_ACCESS_KEY": user,
        "RIG_S3_USER_SECRET_KEY": password,
        "RIG_S3_ENDPOINT": url,
        "RIG_S3_ACCESS_KEY": access,
        "RIG_S3_SECRET_KEY": secret,
        "RIG_S3_FOLDER": str(folder),
    }


def _needs_attributes(folder: Path) -> None:
    """Say at once when the disk cannot keep what the server notes of each object."""
    probe = folder / "attribute"
    probe.touch()
    try:
        os.setxattr(probe, "user.muniment", b"1")
    except OSError as error:
        raise RigError(f"the S3 server needs extended attributes, which {folder} does not have") from error
    finally:
        probe.unlink()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - always an http address of our own
            return True
    except urllib.error.HTTPError:
        return True  # it asks who we are: it is there
    except (urllib.error.URLError, OSError):
        return False
