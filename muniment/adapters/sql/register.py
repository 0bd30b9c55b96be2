"""The register: every part of it over one database, SQLite or PostgreSQL."""

from muniment.adapters.sql.absence import SqlAbsence
from muniment.adapters.sql.accounts import SqlAccounts
from muniment.adapters.sql.audit import SqlAudit
from muniment.adapters.sql.budget import SqlBudgets
from muniment.adapters.sql.coverage import SqlCoverage
from muniment.adapters.sql.engine import Database
from muniment.adapters.sql.given_out import SqlGivenOut
from muniment.adapters.sql.holds import SqlHolds
from muniment.adapters.sql.noting import SqlNoting
from muniment.adapters.sql.people import SqlPeople
from muniment.adapters.sql.promotion import SqlPromotion
from muniment.adapters.sql.restoring import SqlRestoring
from muniment.adapters.sql.retention import SqlRetention
from muniment.adapters.sql.saved_searches import SqlSavedSearches
from muniment.adapters.sql.upgrade import upgrade
from muniment.adapters.sql.walks import SqlWalks
from muniment.adapters.stub_keys import StubKeys
from muniment.ports import Register

__all__ = ["SqlRegister"]


class SqlRegister(
    SqlRestoring,
    SqlWalks,
    SqlNoting,
    SqlAbsence,
    SqlPromotion,
    SqlCoverage,
    SqlAccounts,
    SqlBudgets,
    SqlAudit,
    SqlPeople,
    SqlHolds,
    SqlRetention,
    SqlSavedSearches,
    SqlGivenOut,
    Register,
):
    """Where walks, presence, gaps, ledger, accounts and budgets are kept. Safe to share between threads."""

    @classmethod
    def open(cls, url: str, stub_keys: StubKeys | None = None) -> "SqlRegister":
        """Connect, and bring the database to this version's revision.

        Args:
            url: `sqlite:////full/path/register.sqlite` or `postgresql+pg8000://user:password@host/name`.
            stub_keys: The keys by which destroyed records are known again; without them nothing can be
                destroyed, and nothing kept once something was.

        Raises:
            BadInputError: The address is of another kind, or the file is open to other users.
            SchemaMismatchError: A newer muniment wrote the database.
            StorageError: It cannot be reached.
        """
        database = Database(url)
        try:
            upgrade(database)
        except BaseException:
            database.close()
            raise
        return cls(database, stub_keys)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()
