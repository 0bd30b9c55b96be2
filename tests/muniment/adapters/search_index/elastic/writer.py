"""A child for the kill test: commits for ever, each rewriting every record with a word of its own.

Called with the server's address and the first commit number; every fifth commit is a rebuild.
"""

import sys

from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.elastic.server import ElasticSignIn
from tests.muniment.adapters.search_index.writer import entries

if __name__ == "__main__":
    index = ElasticIndex(ElasticSignIn(urls=[sys.argv[1]]), lease_seconds=2.0)
    commit = int(sys.argv[2])
    while True:
        if commit % 5:
            index.apply("borough", commit, entries(commit), ())
        else:
            index.rebuild("borough", commit, entries(commit))
        print(commit, flush=True)  # noqa: T201 -- the acknowledgement that the test reads
        commit += 1
