"""Rules of record keeping, pure: no input or output, no SDK, no clock of their own."""
