"""The register in SQL: one set of tables and statements for SQLite and PostgreSQL.

`register` joins the parts; each is a class over `engine.Part` and speaks to one port: `accounts`, `budget`,
`audit`, `people`, `holds`, `retention`, `disposal`, `stubs`, `saved_searches` and so on. A walk's life is in
`walks`, with `noting` (what a page brought), `absence` (what was not seen) and `promotion` (its end). Tables
are in the modules whose names end in `tables`, one for each family; statements that run over many rows at
once are in `bulk` and `hold_sets`. `forgetting` clears a destroyed record out of every table.
"""
