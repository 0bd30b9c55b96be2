"""Prefect's one home: flows that build services, call one verb, and report. No rule lives here."""
