"""What muniment is held to: conformance, the kill test, speed. Each is a command that exits 1 on a miss."""
