"""The archive of a council as a Delta table: delta-rs keeps the log, we own when it may be written.

`archive` is the port; begin there. `reading` is the part of it that only reads. `intake` sorts out what is
new, `rows` and `layout` make files of it, `table` commits them; `scan` and `held` read; `compaction` and
`erasure` write files anew; `recovery` puts right what a writer left that died. Where bytes lie is behind
`storage.Files`: a disk or a bucket.
"""
