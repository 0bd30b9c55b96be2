"""The search index that needs no server: `index` is the port and writes, `reading` answers.

`query` compiles a query tree, `documents` says how an entry is filed, `listed` is the list of words that the
writer keeps, `vocabulary` finds in it the words that a pattern means, `asked` what was found out lately.
"""
