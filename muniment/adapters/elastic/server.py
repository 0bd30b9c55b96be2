"""The way to an Elasticsearch: the client with its sign-in, and what each of its refusals means to us.

Every call goes through `asking`, so that callers hear only errors of the one tree.
"""

import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from elasticsearch import ApiError, Elasticsearch, SSLError, TransportError, UnsupportedProductError
from elasticsearch import ConnectionError as NoConnectionError

from schemas.errors import (
    BadInputError,
    IntegrityError,
    MunimentError,
    SchemaMismatchError,
    SearchUnavailableError,
    StorageError,
    WriteConflictError,
)

__all__ = ["REINDEX", "ElasticSignIn", "asking", "check_settings", "connect", "fault_of", "patiently"]

REINDEX: Final = "Run `muniment reindex --whole`: it builds the index anew from the archive."
_BUSY: Final = frozenset({429, 502, 503, 504})
_FULL: Final = "cluster_block_exception"
_NOT_VOUCHED_FOR: Final = "CERTIFICATE_VERIFY_FAILED"
_EXPENSIVE: Final = "search.allow_expensive_queries"
_MISFITS: Final = frozenset(
    {
        "document_parsing_exception",
        "mapper_parsing_exception",
        "strict_dynamic_mapping_exception",
        "illegal_argument_exception",
        "query_shard_exception",
        "invalid_alias_name_exception",
    }
)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticSignIn:
    """Where the servers are and who we are: a user with a password, an API key, or nobody.

    `certificates` None: those that the machine trusts.
    """

    urls: Sequence[str]
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    certificates: ssl.SSLContext | None = None
    timeout_seconds: float = 30.0


def connect(sign_in: ElasticSignIn) -> Elasticsearch:
    """Return a client; nothing is asked yet.

    Raises:
        BadInputError: An address is none, or user and API key are both given.
    """
    # What the transport would tell of each node that fails, our errors tell once.
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    given: dict[str, Any] = {}
    if sign_in.user is not None:
        given["basic_auth"] = (sign_in.user, sign_in.password or "")
    if sign_in.api_key is not None:
        given["api_key"] = sign_in.api_key
    if sign_in.certificates is not None and all(url.startswith("https:") for url in sign_in.urls):
        given["ssl_context"] = sign_in.certificates
    try:
        return Elasticsearch(
            list(sign_in.urls),
            request_timeout=sign_in.timeout_seconds,
            max_retries=max(2, len(sign_in.urls)),
            retry_on_status=(502, 504),  # what 429 and 503 mean is decided by us
            **given,
        )
    except ValueError as fault:
        raise BadInputError(
            f"The search server cannot be addressed so: {fault}.",
            remedy="Write MUNIMENT_SEARCH_URL as https://host:9200, with a user or an API key, not both.",
        ) from fault


@contextmanager
def asking() -> Iterator[None]:
    """Translate the client's errors; `fault_of` says how."""
    try:
        yield
    except ApiError as error:
        body = error.body if isinstance(error.body, Mapping) else {}
        raise fault_of(error.status_code, body.get("error")) from error
    except UnsupportedProductError as error:
        raise BadInputError(
            "What answers at MUNIMENT_SEARCH_URL is no Elasticsearch.",
            remedy="muniment speaks to Elasticsearch 8.19 and 9; OpenSearch is another product.",
        ) from error
    except SSLError as error:
        if _NOT_VOUCHED_FOR not in str(error):
            raise SearchUnavailableError("The search server does not answer.") from error
        raise BadInputError(
            "Nobody whom we trust vouches for the search server: its certificate was refused.",
            remedy="Name the file of its authority in MUNIMENT_SEARCH_CA_FILE; it may have run out, too, or "
            "be of another name than MUNIMENT_SEARCH_URL has.",
        ) from error
    except NoConnectionError as error:
        raise SearchUnavailableError("The search server does not answer.") from error
    except TransportError as error:
        raise SearchUnavailableError("The search server did not answer in time.") from error


def fault_of(status: int, error: object) -> MunimentError:  # noqa: PLR0911 -- one for each refusal
    """Return what a refusal means.

    Args:
        status: HTTP status, of the request or of one item of a bulk.
        error: The `error` object of the answer; its texts are never passed on, since they may quote a record.
    """
    kinds = _kinds(error)
    match status:
        case 401 | 403 if _FULL not in kinds:
            return BadInputError(
                f"The search server refuses our sign-in (HTTP {status}).",
                remedy="Look at MUNIMENT_SEARCH_USER or MUNIMENT_SEARCH_API_KEY, and at that account's role.",
            )
        case 409:
            return WriteConflictError("Another process writes this search index.")
        case _ if _FULL in kinds and status in (403, 429):
            return StorageError(
                "The search server takes no writing: its disk is full, or the index is blocked.",
                remedy="Make room there; Elasticsearch lifts the block by itself, and the next run goes on "
                "from the watermark.",
            )
        case 404:
            return SearchUnavailableError("The search index went away while it was asked.")
        case 400 if _EXPENSIVE in str(error):
            return _not_allowed()
        case 400 if kinds & _MISFITS:
            return SchemaMismatchError(
                f"The search index does not fit this muniment ({', '.join(sorted(kinds & _MISFITS))}).",
                remedy=REINDEX,
            )
        case 400:
            return IntegrityError(
                f"The search server cannot use what it was asked ({', '.join(sorted(kinds)) or status}).",
                remedy=REINDEX,
            )
        case _:
            return SearchUnavailableError(f"The search server is not able to answer now (HTTP {status}).")


def _not_allowed() -> StorageError:
    return StorageError(
        f"The cluster forbids what a search needs: {_EXPENSIVE} is false.",
        remedy=f"Set {_EXPENSIVE} to true: wildcards and misspellings need it.",
    )


def check_settings(client: Elasticsearch) -> None:
    """Make sure that the cluster allows what searches need; who may not look at its settings is believed.

    Raises:
        StorageError: `search.allow_expensive_queries` is false.
    """
    try:
        found = client.cluster.get_settings(include_defaults=True, filter_path=f"*.{_EXPENSIVE}")
    except ApiError as error:
        if error.status_code == 403:  # noqa: PLR2004 -- a reader's role: the first query will tell
            return
        raise
    for scope in ("transient", "persistent", "defaults"):  # the first that says anything is in force
        said = found.get(scope, {}).get("search", {}).get("allow_expensive_queries")
        if said is not None:
            if str(said).lower() == "false":
                raise _not_allowed()
            return


def patiently(
    ask: Callable[[], _Answer], *, patience_seconds: float, wait: Callable[[float], None] = time.sleep
) -> _Answer:
    """Ask again while the server says that it is busy, at first after 0.1 s, then twice as late each time.

    Raises:
        SearchUnavailableError: It was busy for `patience_seconds`, or does not answer.
        StorageError: It is not busy but full: to ask again would not help.
    """
    deadline = time.monotonic() + patience_seconds
    pause = 0.1
    while True:
        try:
            return ask()
        except ApiError as error:
            body = error.body if isinstance(error.body, Mapping) else {}
            full = _FULL in _kinds(body.get("error"))
            if error.status_code not in _BUSY or full or time.monotonic() + pause > deadline:
                raise
        wait(pause)
        pause = min(pause * 2, 5.0)


def _kinds(error: object) -> frozenset[str]:
    """Return the type names in an error object and its causes."""
    if not isinstance(error, Mapping):
        return frozenset()
    inner = [error.get("caused_by"), *(error.get("root_cause") or ())]
    inner += [one.get("reason") for one in error.get("failed_shards") or () if isinstance(one, Mapping)]
    found = {str(error["type"])} if "type" in error else set()
    return frozenset(found.union(*map(_kinds, inner)))
