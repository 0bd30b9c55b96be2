"""Each port's implementations; every storage and search client has its one home here.

    delta/     the archive: one Delta table for each council (ports.archive)
    sql/       the register: SQLite or PostgreSQL (ports.register and its parts)
    tantivy/   the search index embedded in the process (ports.search_index)
    elastic/   the same on Elasticsearch
    s3/        a bucket as the home of archive and media

What is in none of these folders knows no such client: files, media and keys on the local disk, the YAML that
officers write, packages, certificates, time stamps. None of the five knows another; `bootstrap` joins them.
"""
