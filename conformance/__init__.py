"""The open kit: stateful fake platforms over loopback HTTP, hostile scenarios and a scorer.

Any archiver can be run against it. It imports nothing of the product, and of the world only the standard
library. `conformance/README.md` says how to write a fake and how to run one.
"""
