"""Each port's implementations; every storage and search client has its one home here."""
