"""The product's verbs, written against the ports alone.

Capture: `archiving` runs what is due (`asking` says what is to be asked), `capturing` takes one walk,
`reading` turns answers into filings and looks, `attaching` fetches media, `finishing` ends a run;
`rereading` reads kept exhibits again (`kept` hands them out, and puts versions in order); `covering` tells
what is held against what there was.

Evidence: `verifying`, `proving`, `exporting`, `restoring` (an archive that came back from a backup),
`auditing`.

Search: `indexing` keeps the index a view of the archive (`entries` makes what it holds, `held_before` tells
which records are new, `classing_entries` adds classes, `index_upkeep` proves it). `searching` answers with
what `finding` reads from the archive; `as_at` and `matching` do so without an index; `grouping`, `gathering`,
`hit_reports`, `writing_hits` with `hit_files`, and `saving`; `unseen` says what could not have been found.
`showing` and `reading_threads` show one record.

Holds: `holding` places and resolves them, `scoping` finds what falls under them, `held` is asked before
anything is destroyed.

Retention: `retaining` is the one way to a plan; `deciding`, `reclassifying`, `comparing`, `honouring`,
`transferring` with `packaging`.

Disposal, in its order: `disposing` takes a list from proposal to approval (`listing` enters it, `reviewing`
checks what is said of it), `foreseeing` and `rechecking` find what of it may go, `destroying` destroys,
`certifying` tells; `working_off` does it by night. `forgetting_keys` ends stubs; `accounting` says why a
record is not held; `giving_out` follows what left as files.

People: `appointing` gives roles and teams, `restricting` says what somebody is not shown, `checking` holds
what they typed against the rules.
"""
