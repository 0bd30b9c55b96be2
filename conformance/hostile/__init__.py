"""The hostile scenarios by what goes wrong; `conformance.scenarios` lists them all."""
