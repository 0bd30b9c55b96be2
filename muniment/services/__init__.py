"""The product's verbs, written against the ports alone."""
