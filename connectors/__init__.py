"""One module (or package) per platform; every quirk of an API stays inside it."""
