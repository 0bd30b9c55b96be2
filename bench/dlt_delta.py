"""The same records through dlt's Delta destination: what a council would have with a general loader."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench.corpus import Page

__all__ = ["load_with_dlt"]


def load_with_dlt(answers: Sequence[Page], folder: Path) -> None:
    """Load every item of the pages into one Delta table, nested values as JSON.

    No evidence, presence, dedupe or index: rows of a table are all that it makes.
    """
    folder.mkdir(parents=True)
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(folder / "home")}
    import dlt  # noqa: PLC0415  # it reads the environment when it is imported

    def comments() -> Iterator[list[dict[str, Any]]]:
        for page in answers:
            yield msgspec.json.decode(page.body)["data"]

    pipeline = dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.filesystem(bucket_url=(folder / "lake").as_uri()),
        dataset_name="comments",
    )
    resource = dlt.resource(
        comments, name="comments", table_format="delta", write_disposition="append", max_table_nesting=0
    )
    pipeline.run(resource)
