"""Which servers there are, and how each is started, stopped, and one of its nodes killed.

    .rig/elasticsearch/tools/     the distributions
                       NAME/env   where the server is; there only while it is up
                       NAME/run   which processes are its nodes
                       NAME/node-1/conf, data, logs, tmp

Elasticsearch refuses to run as root: root starts it as `nobody`, in a folder that `nobody` can enter.
"""

import json
import os
import pwd
import re
import secrets
import shutil
import signal
import ssl
import urllib.error
import urllib.request
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.elasticsearch.certificates import write_certificates
from infra.elasticsearch.install import distribution, distribution_with_keys, java_home
from infra.rig.processes import Server, ended, free_ports, rig_home, run, start, stop_all, wait_for

__all__ = [
    "SERVERS",
    "ElasticServer",
    "elastic_home",
    "env_of",
    "java_options",
    "settings_of",
    "signal_node",
    "start_node",
    "start_server",
    "stop_server",
]

_LOOPBACK = "127.0.0.1"
_HEAP = "1g"
_OLD, _NEW = "8.19.0", "9.2.0"
_FILES = re.compile(r"-Xlog:gc|-XX:(HeapDumpPath|ErrorFile)")
"""Options of the distribution that name folders beside the program, where the server may not write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticServer:
    """A server of the tests: its version, of how many nodes, and whether it is secure.

    A secure one asks who is there, can make API keys, and speaks TLS with a certificate of its own authority.
    """

    version: str
    nodes: int = 1
    secure: bool = False


SERVERS: Mapping[str, ElasticServer] = {
    "8": ElasticServer(version=_OLD),
    "9": ElasticServer(version=_NEW),
    "secure": ElasticServer(version=_OLD, secure=True),
    "cluster": ElasticServer(version=_OLD, nodes=2),
}


def elastic_home() -> Path:
    """Return the folder of the servers: in the rig's, or in /var/tmp where `nobody` cannot enter that."""
    home = rig_home() / "elasticsearch"
    folders = [folder for folder in home.parents if folder.exists()]
    if os.geteuid() != 0 or all(folder.stat().st_mode & 0o001 for folder in folders):
        return home
    return Path("/var/tmp") / f"muniment-elasticsearch-{zlib.crc32(bytes(home)):08x}"  # noqa: S108 - ours alone: root makes it


def env_of(name: str) -> dict[str, str] | None:
    """Return where a server is (`URLS`, and who may sign in); None: it is not up."""
    path = elastic_home() / name / "env"
    if not path.exists():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line)


def start_server(name: str) -> dict[str, str]:
    """Start a server afresh, with no data, and return where it is.

    Raises:
        RigError: What it needs is not installed, or it did not come up; the text says where its log is.
    """
    stop_server(name)
    server = SERVERS[name]
    home = elastic_home() / name
    for folder in ("log", "run"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    ports = free_ports(2 * server.nodes)
    http, transport = ports[: server.nodes], ports[server.nodes :]
    for number in range(1, server.nodes + 1):
        _configure(home, server, number, http=http, transport=transport)
    scheme = "https" if server.secure else "http"
    lines = {"URLS": " ".join(f"{scheme}://{_LOOPBACK}:{port}" for port in http)}
    if server.secure:
        lines |= _sign_ups(home, server)
        lines["CA_FILE"] = str(home / "ca.crt")
    alive = [_launch(home, server, number) for number in range(1, server.nodes + 1)]
    for number, url in enumerate(lines["URLS"].split(), start=1):
        _wait(home, server, number, url=url, lines=lines, alive=alive[number - 1])
    draft = home / "env.new"
    draft.write_text("".join(f"{key}={value}\n" for key, value in lines.items()), encoding="utf-8")
    draft.chmod(0o600)
    draft.replace(home / "env")
    print(f"elasticsearch: {name} ({server.version}) at {lines['URLS']}", flush=True)
    return lines


def stop_server(name: str) -> None:
    """Stop a server and remove its data."""
    home = elastic_home() / name
    (home / "env").unlink(missing_ok=True)
    stopped = stop_all(home)
    for number in range(1, SERVERS[name].nodes + 1):
        shutil.rmtree(home / f"node-{number}", ignore_errors=True)
    if stopped:
        print(f"elasticsearch: stopped {name}", flush=True)


def signal_node(name: str, number: int, sent: signal.Signals) -> None:
    """Send a signal to every process of a node: to kill it, to freeze it, to let it go on."""
    note = json.loads((elastic_home() / name / "run" / f"node-{number}.json").read_text(encoding="utf-8"))
    os.killpg(note["pid"], sent)


def start_node(name: str, number: int) -> None:
    """Start a node again that was stopped or killed, with the data it had."""
    server = SERVERS[name]
    home = elastic_home() / name
    env = env_of(name) or {}
    ended(home, f"node-{number}")
    alive = _launch(home, server, number)
    url = env["URLS"].split()[number - 1]
    _wait(home, server, number, url=url, lines=env, alive=alive)


def _configure(
    home: Path, server: ElasticServer, number: int, *, http: list[int], transport: list[int]
) -> None:
    node = home / f"node-{number}"
    for folder in ("data", "logs", "tmp"):
        (node / folder).mkdir(parents=True)
    shutil.copytree(_program(server) / "config", node / "conf")
    shutil.copyfile(Path(__file__).with_name("roles.yml"), node / "conf" / "roles.yml")
    options = node / "conf" / "jvm.options"
    kept = [line for line in options.read_text(encoding="utf-8").splitlines() if not _FILES.match(line)]
    options.write_text("\n".join([*kept, f"-XX:HeapDumpPath={node / 'logs'}", ""]), encoding="utf-8")
    seeds = ", ".join(f'"{_LOOPBACK}:{port}"' for port in transport)
    names = ", ".join(f"node-{each}" for each in range(1, server.nodes + 1))
    discovery = (
        ""
        if server.nodes == 1
        else f"discovery.seed_hosts: [{seeds}]\ncluster.initial_master_nodes: [{names}]\n"
    )
    tls = (
        "xpack.security.http.ssl.enabled: true\n"
        "xpack.security.http.ssl.certificate: http.crt\n"
        "xpack.security.http.ssl.key: http.key\n"
        if server.secure
        else ""
    )
    (node / "conf" / "elasticsearch.yml").write_text(
        f"cluster.name: muniment-{home.name}\n"
        f"node.name: node-{number}\n"
        f"network.host: {_LOOPBACK}\n"
        f"http.port: {http[number - 1]}\n"
        f"transport.port: {transport[number - 1]}\n"
        f"path.data: {node / 'data'}\n"
        f"path.logs: {node / 'logs'}\n"
        + "".join(f"{key}: {value}\n" for key, value in settings_of(server).items())
        + discovery
        + tls,
        encoding="utf-8",
    )
    if server.secure:
        # Who signs in reads this file; the server may not enter the folder that the test's user keeps it in.
        shutil.copyfile(write_certificates(node / "conf", _LOOPBACK), home / "ca.crt")
    user, group = _somebody_else()
    if user is not None and group is not None:
        for path in (node, *node.rglob("*")):
            os.chown(path, user, group)


def settings_of(server: ElasticServer) -> dict[str, str]:
    """Return the settings that are the same wherever it runs; `infra/compose.yml` has them too."""
    single = {"discovery.type": "single-node"} if server.nodes == 1 else {}
    return {
        **single,
        "xpack.security.enabled": str(server.secure).lower(),
        # A developer's disk is often fuller than the watermarks allow.
        "cluster.routing.allocation.disk.threshold_enabled": "false",
    }


def java_options() -> str:
    """Return the options of the server's Java: how much memory it takes."""
    heap = os.environ.get("ELASTIC_HEAP") or _HEAP
    return f"-Xms{heap} -Xmx{heap}"


def _program(server: ElasticServer) -> Path:
    found = distribution_with_keys if server.secure else distribution
    return found(elastic_home(), server.version)


def _sign_ups(home: Path, server: ElasticServer) -> dict[str, str]:
    """Make an administrator, a writer and a reader; return who they are, as name:password."""
    lines = {}
    roles = {"ADMIN": "superuser", "WRITER": "muniment_writer", "READER": "muniment_reader"}
    for who, role in roles.items():
        password = secrets.token_hex(12)  # of letters that no program takes for an option
        tool = _program(server) / "bin" / "elasticsearch-users"
        _as_server(home, server, 1, [tool, "useradd", who.lower(), "-p", password, "-r", role])
        lines[who] = f"{who.lower()}:{password}"
    return lines


def _as_server(home: Path, server: ElasticServer, number: int, command: list[str | Path]) -> None:
    user, group = _somebody_else()
    log = home / "log" / "tools.log"
    env = _environment(home, server, number)
    run(Path(command[0]).name, command, log=log, seconds=120, env=env, cwd=home, user=user, group=group)


def _launch(home: Path, server: ElasticServer, number: int) -> Callable[[], bool]:
    user, group = _somebody_else()
    node = Server(
        name=f"node-{number}",
        command=[_program(server) / "bin" / "elasticsearch"],
        cwd=home / f"node-{number}",
        env=_environment(home, server, number),
        user=user,
        group=group,
        stop_signal=signal.SIGTERM,
    )
    return start(home, node)


def _environment(home: Path, server: ElasticServer, number: int) -> dict[str, str]:
    node = home / f"node-{number}"
    return {
        "ES_JAVA_HOME": str(java_home(server.version)),
        "ES_JAVA_OPTS": java_options(),
        "ES_PATH_CONF": str(node / "conf"),
        "ES_TMPDIR": str(node / "tmp"),
        "HOME": str(node),
    }


def _wait(
    home: Path,
    server: ElasticServer,
    number: int,
    *,
    url: str,
    lines: Mapping[str, str],
    alive: Callable[[], bool],
) -> None:
    admin = lines.get("ADMIN")
    trusted = ssl.create_default_context(cafile=lines["CA_FILE"]) if "CA_FILE" in lines else None
    path = f"/_cluster/health?wait_for_nodes={server.nodes}&timeout=1s"
    headers = {"Authorization": "Basic " + b64encode(admin.encode()).decode()} if admin else {}
    asked = urllib.request.Request(url + path, headers=headers)  # noqa: S310 - an http address of our own

    def ready() -> bool:
        try:
            with urllib.request.urlopen(asked, timeout=5, context=trusted):  # noqa: S310 - as above
                return True
        except (urllib.error.URLError, OSError):
            return False

    wait_for(home, f"node-{number}", ready, alive=alive, seconds=300)


def _somebody_else() -> tuple[int | None, int | None]:
    if os.geteuid() != 0:
        return None, None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid
