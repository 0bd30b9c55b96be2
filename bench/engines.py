"""The engines that parity and bench-search run side by side: the embedded one, and servers that are up."""

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from infra.elasticsearch.servers import SERVERS, env_of
from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.elastic.server import ElasticSignIn
from muniment.adapters.tantivy.index import TantivyIndex

__all__ = ["EMBEDDED", "NotUpError", "engines", "sign_in_of", "urls_of"]

EMBEDDED: Final = "embedded"


class NotUpError(Exception):
    """A server that was asked for is not up."""


def sign_in_of(name: str) -> ElasticSignIn:
    """Return how a server is asked that is called so.

    Raises:
        NotUpError: It is not up; `make elastic` starts it.
    """
    return ElasticSignIn(urls=urls_of(name), timeout_seconds=120.0)


@contextmanager
def engines(folder: Path, servers: tuple[str, ...]) -> Iterator[Mapping[str, TantivyIndex | ElasticIndex]]:
    """Open the embedded engine in a folder, and each server by its name.

    Raises:
        NotUpError: A server is not up; `make elastic` starts them.
    """
    with ExitStack() as stack:
        opened: dict[str, TantivyIndex | ElasticIndex] = {EMBEDDED: TantivyIndex(folder / "index")}
        for name in servers:
            index = ElasticIndex(sign_in_of(name))
            stack.callback(index.close)
            opened[f"ES {SERVERS[name].version}"] = index
        yield opened


def urls_of(name: str) -> list[str]:
    """Return where a server is.

    Raises:
        NotUpError: It is not up.
    """
    given = os.environ.get(f"ELASTIC_{name.upper()}_URLS") or (env_of(name) or {}).get("URLS")
    if not given:
        raise NotUpError(f"Elasticsearch {name} is not up: python -m infra.elasticsearch up {name}")
    return given.split()
