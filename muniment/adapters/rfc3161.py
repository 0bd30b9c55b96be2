"""Time-stamp authorities (RFC 3161): a third party says that a seal existed at a moment.

A failed time stamp is a visible pending state, never an error of the run: `seal` asks again later.
"""

import hashlib

import httpx
from rfc3161_client import HashAlgorithm, PKIStatus, TimestampRequestBuilder, decode_timestamp_response

__all__ = ["TimestampAuthority", "stamped_digest"]


class TimestampAuthority:
    """One authority, by its URL."""

    def __init__(self, url: str, client: httpx.Client) -> None:
        """Keep the address; nothing is asked yet."""
        self.url = url
        self._client = client

    def stamp(self, digest: bytes) -> bytes | None:
        """Return the authority's answer (DER) over SHA-256 of `digest`, or None when it gave none."""
        request = (
            TimestampRequestBuilder()
            .data(digest)
            .hash_algorithm(HashAlgorithm.SHA256)
            .cert_request(cert_request=True)
            .build()
        )
        try:
            answer = self._client.post(
                self.url,
                content=request.as_bytes(),
                headers={"content-type": "application/timestamp-query"},
                timeout=20.0,
            )
            answer.raise_for_status()
            told = decode_timestamp_response(answer.content)
        except (httpx.HTTPError, ValueError):
            return None
        granted = told.status in (PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS)
        if not granted or stamped_digest(answer.content) != hashlib.sha256(digest).digest():
            return None
        return answer.content


def stamped_digest(token: bytes) -> bytes:
    """Return the SHA-256 that a time-stamp answer speaks of.

    Raises:
        ValueError: It is no time-stamp answer.
    """
    return bytes(decode_timestamp_response(token).tst_info.message_imprint.message)
