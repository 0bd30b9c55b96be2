"""The vocabulary of muniment: the values that every other package speaks in."""
