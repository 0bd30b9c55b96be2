"""Asking a Prefect server on SQLite, which says "busy" where another write of its own came between."""

from typing import Any

import httpx

from tests.waiting import until

__all__ = ["asked"]


def asked(client: httpx.Client, path: str, **given: Any) -> Any:
    """Return the answer, asked for again after a moment where the server is busy."""
    answers: list[httpx.Response] = []

    def told() -> bool:
        answers[:] = [client.post(path, json=given)]
        return answers[0].status_code != httpx.codes.SERVICE_UNAVAILABLE

    until(told, what=path)
    return answers[0].raise_for_status().json()
