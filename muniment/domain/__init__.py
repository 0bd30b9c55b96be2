"""Rules of record keeping, pure: no input or output, no SDK, no clock of their own.

Capture: `due` (which walks), `allowance`, `estimate`, `presence` (what a look makes us believe),
`completeness` with its picture `calendar`, `evidence` (leaves, roots, seals), `naming` (from an address to
record ids).

Retention: `retention` is a schedule as values; `period`, `counting` and `floors` are its terms; `holdings`
the facts of records, `columns` how they are worked on; `classifying`, `triggers` and `duties` come to a
class, its events and an end; `planning` makes a `disposal` plan of them; `simulating` and `forecasting`
tell of plans; `honouring` is the plan that platforms' deletions ask for.

Disposal: `disposal_run` (who may take which step), `co_review`, `certificate`, `stub` and `stub_file`,
`given_out`.

Holds, people, searches: `holds`, `people`, `restricting`, `saved_search`.

The audit chain: `audit` is the chain, `event` what an entry is, `events` all of them, with `search_events`,
`retention_events` and `disposal_events`.
"""
