"""The search index that needs no server: `index` is the port and writes, `reading` answers.

`query` compiles a query tree, `documents` says how an entry is filed, `vocabulary` finds the words that a
pattern means, `asked` keeps what was found out lately.
"""
