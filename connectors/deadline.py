"""A deadline for the whole of an answer, however it drips: for connecting, for its headers, for its body.

The HTTP library's own limit holds for each piece of an answer. Who sends one byte of a header every few
seconds is waited for without end, and the council's whole run with it. Here each wait is cut to what is
left of the answer's own time. Whoever asks waits in the same thread: the deadline is a variable of it.
"""

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import httpcore
import httpx
from typing_extensions import override

__all__ = ["answered_within", "keep_deadlines"]

_until: Final[ContextVar[float | None]] = ContextVar("until", default=None)


@contextmanager
def answered_within(seconds: float) -> Iterator[None]:
    """Let what this thread asks for in the block be answered to its end within so many seconds.

    Of clients that `keep_deadlines`. What is late fails as an `httpx.TimeoutException`.
    """
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def keep_deadlines(client: httpx.Client) -> httpx.Client:
    """Make a client keep the deadline of `answered_within`, through a proxy too; twice is once."""
    # httpx passes no network backend on to httpcore, whose own interface this is. Where another version has
    # no such attribute, this fails for every client: without its deadline none may ask.
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001
        if isinstance(transport, httpx.HTTPTransport):
            pool = transport._pool  # noqa: SLF001
            if not isinstance(pool._network_backend, _Backend):  # noqa: SLF001
                pool._network_backend = _Backend(pool._network_backend)  # noqa: SLF001
    return client


class _Backend(httpcore.NetworkBackend):
    """Connects, and has what it connected keep the deadline."""

    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.connect_tcp(host, port, left, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait ends with the deadline."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    @override
    def close(self) -> None:
        self._inner.close()

    @override
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
    """Return how long may be waited now: what is left of the answer's time, and no longer than for any piece.

    Raises:
        TimeoutException: Nothing is left.
    """
    until = _until.get()
    if until is None:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise late("slower than any answer")
    return left if timeout is None else min(left, timeout)
