"""The search index on Elasticsearch: `index` is the port and writes, `reading` and `answers` answer.

`query` compiles a query tree, `mapping` says how an entry is filed, `bulk` writes, `purge` takes bytes out
of the files of every copy, `lease` keeps it to one writer, `server` is the way to the cluster.
"""
