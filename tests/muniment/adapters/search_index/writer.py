"""A child for the kill test: commits for ever, each rewriting every record with a word of its own.

Called with the index folder and the first commit number; every fifth commit is a rebuild.
"""

import hashlib
import sys
from pathlib import Path

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.search.entry import Entry

RECORDS = 60


def entries(commit: int) -> list[Entry]:
    return [
        Entry(
            version_id=hashlib.sha256(f"{commit}/{number}".encode()).digest(),
            record_id=f"x:{number}",
            platform="x",
            accounts=("x-a",),
            author_id="u1",
            author_handle=None,
            author_role="public",
            kind="post",
            series="public",
            language=None,
            state="live",
            edited=False,
            commit_no=commit,
            ts=1_700_000_000 + number,
            current=True,
            multi=False,
            text=f"round{commit} bins",
        )
        for number in range(RECORDS)
    ]


if __name__ == "__main__":
    index = TantivyIndex(Path(sys.argv[1]))
    commit = int(sys.argv[2])
    while True:
        if commit % 5:
            index.apply("borough", commit, entries(commit), ())
        else:
            index.rebuild("borough", commit, entries(commit))
        print(commit, flush=True)  # noqa: T201 -- the acknowledgement that the test reads
        commit += 1
