"""Which index and which files the settings name. What is slow to import is imported where it is named."""

from datetime import timedelta
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING

from muniment.adapters.files import LocalFiles
from muniment.adapters.storage import Files
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.ports import SearchIndex
from muniment.settings import Settings

if TYPE_CHECKING:
    from muniment.adapters.s3.files import S3Files

__all__ = ["archive_files", "archive_place", "bucket_files", "search_index"]


def search_index(settings: Settings) -> SearchIndex:
    """Return the search index: our own, or that in the Elasticsearch which the settings name."""
    server = settings.search
    if server is None:
        return TantivyIndex(settings.home / "index")
    from muniment.adapters.elastic.index import ElasticIndex  # noqa: PLC0415 - slow to import
    from muniment.adapters.elastic.server import ElasticSignIn  # noqa: PLC0415
    from muniment.bootstrap.certificates import certificates  # noqa: PLC0415

    return ElasticIndex(
        ElasticSignIn(
            urls=server.urls,
            user=server.user,
            password=server.password,
            api_key=server.api_key,
            certificates=certificates(server.ca_file),
        )
    )


def archive_place(settings: Settings, council: str) -> PurePath:
    """Return where a council's archive lies: its local folder, or a place in the bucket."""
    store = settings.store
    return settings.council_folder(council) if store is None else PurePosixPath(store.prefix, council)


def archive_files(settings: Settings) -> Files:
    """Return the files of table, seals and media: a local disk's, or a bucket's."""
    return bucket_files(settings) or LocalFiles()


def bucket_files(settings: Settings) -> "S3Files | None":
    """Return the files in the bucket; None: archives are on the local disk."""
    store = settings.store
    if store is None:
        return None
    from muniment.adapters.s3.bucket import Bucket  # noqa: PLC0415 - boto3 is slow to import
    from muniment.adapters.s3.files import S3Files  # noqa: PLC0415

    bucket = Bucket(store.bucket, endpoint=store.endpoint, region=store.region)
    locked_for = timedelta(days=store.evidence_lock_days) if store.evidence_lock_days else None
    return S3Files(bucket, evidence_locked_for=locked_for)
