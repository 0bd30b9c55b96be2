"""See the module names: each says what it is for."""
