"""Revisions of the register database, in order; run by `muniment.adapters.sql.upgrade`."""
