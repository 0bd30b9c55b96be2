"""What the HTTP library may log and remember: nothing behind an address's question mark, and no cookie.

httpx logs each request with its whole address (level INFO), and Graph takes its token there. Who turns
logging up, as a Prefect server's operator may, must not find tokens or a resident's id in the log.
"""

import logging
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx
from typing_extensions import override

__all__ = ["log_without_queries", "no_cookies"]


class _WithoutQueries(logging.Filter):
    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                one.copy_with(query=None) if isinstance(one, httpx.URL) else one for one in record.args
            )
        return True


_WITHOUT_QUERIES: Final = _WithoutQueries()


def log_without_queries() -> None:
    """Let httpx log addresses without their queries from now on, in this process; twice is once."""
    logging.getLogger("httpx").addFilter(_WITHOUT_QUERIES)


def no_cookies() -> CookieJar:
    """Return a jar that takes none: accounts share one client, and what one was given another would show."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))
