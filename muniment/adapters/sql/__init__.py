"""The register in SQL: one set of tables and statements for SQLite and PostgreSQL.

`register` joins the parts; each is a class over `engine.Part`. A walk's life is in `walks`, with `noting`
(what a page brought), `absence` (what was not seen) and `promotion` (its end); `presence` is how each
record stands, `gone` which are confirmed deleted, `coverage` the gaps and the ledger. `accounts`, `budget`,
`audit`, `people`, `saved_searches`, `holds`, `retention`, `transfers`, `given_out` are what their names
say. Disposal is `disposal`, `intents` (what is about to be destroyed), `stubs`, `forgetting` (clears a
destroyed record out of every table) and `restoring`.

Tables: `tables`, `audit_tables`, `hold_tables`, `retention_tables`, `disposal_tables`, `search_tables`;
`upgrade` runs the revisions in `migrations`. Statements that run over many rows at once: `bulk` and
`hold_sets`. `lost_commits` asks PostgreSQL how a transaction ended whose answer was lost.
"""
