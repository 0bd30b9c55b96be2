"""A real WordPress on loopback: Debian's package on MariaDB and PHP's own web server."""

import getpass
import secrets
import shutil
import socket
import urllib.error
import urllib.request
from pathlib import Path

from infra.rig.processes import Server, free_ports, run, start, wait_for

__all__ = ["start_wordpress"]

_PACKAGE = Path("/usr/share/wordpress")
_LOOPBACK = "127.0.0.1"


def start_wordpress(home: Path) -> dict[str, str]:
    """Start an empty site with an administrator and an editor.

    Returns:
        The lines for `.rig/env`.
    """
    source = Path(__file__).parent / "wordpress"
    data = home / "data" / "wordpress"
    data.mkdir(parents=True)
    shutil.copytree(_PACKAGE, data / "www")
    shutil.copyfile(source / "wp-config.php", data / "www" / "wp-config.php")
    database_port, web_port = free_ports(2)
    _start_mariadb(home, database_port)

    url = f"http://{_LOOPBACK}:{web_port}"
    site = {
        "RIG_WORDPRESS_URL": url,
        "RIG_WORDPRESS_ADMIN": "clerk",
        "RIG_WORDPRESS_USER": "archivist",
    }
    env = {
        **site,
        "RIG_WORDPRESS_ROOT": str(data / "www"),
        "RIG_WORDPRESS_DATABASE": f"{_LOOPBACK}:{database_port}",
        "RIG_WORDPRESS_PASSWORDS": str(data / "passwords"),
        "RIG_WORDPRESS_LOGIN": secrets.token_urlsafe(12),
        "PHP_CLI_SERVER_WORKERS": "4",
    }
    php = ["php", "-d", "sendmail_path=/bin/true", "-d", "opcache.enable_cli=1"]
    log = home / "log" / "wordpress.log"
    run("installing WordPress", [*php, source / "install.php"], log=log, seconds=200, env=env)
    server = Server(
        name="wordpress",
        command=[*php, "-S", f"{_LOOPBACK}:{web_port}", "-t", data / "www", source / "router.php"],
        cwd=data / "www",
        env=env,
    )
    alive = start(home, server)
    wait_for(home, "wordpress", lambda: _answers(f"{url}/wp-json/"), alive=alive, seconds=120)

    admin, archivist = (data / "passwords").read_text(encoding="ascii").split()
    return {**site, "RIG_WORDPRESS_ADMIN_PASSWORD": admin, "RIG_WORDPRESS_APP_PASSWORD": archivist}


def _start_mariadb(home: Path, port: int) -> None:
    data = home / "data" / "mariadb"
    log = home / "log" / "mariadb.log"
    user = f"--user={getpass.getuser()}"
    install = ["mariadb-install-db", "--no-defaults", user, f"--datadir={data}", "--skip-test-db"]
    install += ["--auth-root-authentication-method=normal"]
    run("mariadb-install-db", install, log=log, seconds=200)
    # a relative socket lies in the data folder: an absolute one may be longer than the system allows
    command = ["mariadbd", "--no-defaults", user, f"--datadir={data}", "--socket=mariadb.sock"]
    command += [f"--port={port}", f"--bind-address={_LOOPBACK}", "--innodb-flush-log-at-trx-commit=0"]
    command += ["--innodb-buffer-pool-size=64M"]
    alive = start(home, Server(name="mariadb", command=command, cwd=home, env={}))
    wait_for(home, "mariadb", lambda: _listens(port), alive=alive, seconds=120)
    client = ["mariadb", "--no-defaults", "--protocol=tcp", f"--host={_LOOPBACK}", f"--port={port}", "-uroot"]
    sql = (
        "CREATE DATABASE wp CHARACTER SET utf8mb4;"
        "CREATE USER wp@'%' IDENTIFIED BY 'wp'; GRANT ALL ON wp.* TO wp@'%';"
        "CREATE USER wp@localhost IDENTIFIED BY 'wp'; GRANT ALL ON wp.* TO wp@localhost;"
    )
    run("creating the WordPress database", [*client, "-e", sql], log=log, seconds=120)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((_LOOPBACK, port)) == 0


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - always an http address of our own
            return True
    except (urllib.error.URLError, OSError):
        return False
