"""Real Elasticsearch servers on loopback, for the tests, for `make parity` and for a developer's machine.

`python -m infra.elasticsearch up NAME...` starts servers afresh and writes where each is to
`.rig/elasticsearch/NAME/env`; `down` stops all, `down NAME...` some; `node NAME NUMBER` starts a node again
that was killed. Names are 8, 9, secure and cluster: see docs/contribute/elasticsearch.md. State lies in
`.rig/` of the checkout, or in `$MUNIMENT_RIG`.
"""

import fcntl
import sys

from infra.elasticsearch.servers import SERVERS, elastic_home, start_node, start_server, stop_server
from infra.rig.processes import RigError

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Start or stop servers.

    Returns:
        0 when done, 1 when a server could not be started, 2 when the arguments are wrong.
    """
    verb, names = (arguments[0], arguments[1:]) if arguments else ("", [])
    if verb == "node" and len(names) == 2 and names[0] in SERVERS:  # noqa: PLR2004 -- a name and a number
        start_node(names[0], int(names[1]))
        return 0
    if verb not in ("up", "down") or not set(names) <= set(SERVERS) or (verb == "up" and not names):
        print(f"usage: python -m infra.elasticsearch up|down {'|'.join(SERVERS)} ...", file=sys.stderr)
        return 2
    home = elastic_home()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            for name in names or SERVERS:
                stop_server(name)
            if verb == "up":
                for name in names:
                    start_server(name)
        except RigError as error:
            print(f"elasticsearch: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
