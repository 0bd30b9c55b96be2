"""What was given out stands on the certificate of what was destroyed; what lies within reach is removed."""

from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from muniment.adapters.given_out_files import HomeFiles
from muniment.domain.disposal import Why
from muniment.domain.given_out import GivenKind
from muniment.domain.people import Actor
from muniment.ports.retention import Transfer
from schemas.errors import BadInputError, NotPermittedError, StorageError
from tests.muniment.services.disposing.office import ANN, IVY, Office, ids

COUNCIL = "exampleborough"


def give_out(
    office: Office,
    path: Path,
    *numbers: int,
    kind: GivenKind = GivenKind.SEARCH,
    by: Actor = ANN,
    reference: str | None = None,
) -> Path:
    """Write a file, as an export would, and enter it first."""
    office.giving_out.enter(kind, sorted(ids(*numbers)), actor=by, path=path, reference=reference)
    if kind is GivenKind.TRANSFER:
        path.mkdir(parents=True)
        (path / "records.jsonl").write_text("text of a resident", encoding="utf-8")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text of a resident", encoding="utf-8")
        path.with_name(f"{path.name}.manifest.json").write_text("{}", encoding="utf-8")
    return path


def certified(office: Office) -> list[dict[str, Any]]:
    run = office.approved()
    assert office.destroying.execute(run).certificate_no == 1
    told: list[dict[str, Any]] = office.certifying.read(run)["given_out"]
    return told


def package(office: Office, name: str) -> None:
    made = Transfer(
        transfer=name,
        schedule="2024-01",
        records=1,
        manifest_digest=bytes(32),
        by="art",
        at=office.clock.now(),
    )
    office.register.add_transfer(COUNCIL, made, [])


def test_an_export_elsewhere_is_named_with_how_many_of_these_it_holds(office: Office, tmp_path: Path) -> None:
    office.settle()
    office.kept |= dict.fromkeys(ids(5, 6), Why.HELD)
    there = give_out(office, tmp_path.parent / f"{tmp_path.name}-desk.csv", 1, 2, 5)
    give_out(office, tmp_path.parent / f"{tmp_path.name}-other.csv", 5, 6)
    (told,) = certified(office)
    assert (told["kind"], told["of_these"], told["records_in_it"]) == ("search export", 2, 3)
    assert (told["became"], told["by"]) == ("out of reach: not recalled", "person a")
    assert there.exists()
    assert str(there.name) not in str(told)


def test_what_was_given_out_before_a_list_was_kept_is_entered_by_a_person_and_named(office: Office) -> None:
    office.settle()
    enter = partial(office.giving_out.enter_earlier, GivenKind.SEARCH)
    of_then: dict[str, Any] = {"on": date(2020, 3, 1), "reason": "FOI/20/3, sent to the requester"}
    one, two = sorted(ids(1, 2))
    with pytest.raises(NotPermittedError, match="enter what was given out before"):
        enter([one], actor=Actor(name="zoe"), **of_then)
    for wrong in ({"on": date(2099, 1, 1)}, {"reason": " "}):
        with pytest.raises(BadInputError):
            enter([one], actor=ANN, **of_then | wrong)
    with pytest.raises(BadInputError, match="No record"):
        enter([], actor=ANN, **of_then)
    assert enter([one, two, one, "x:long gone"], actor=ANN, **of_then) == 3
    (told,) = certified(office)
    assert (told["at"], told["records_in_it"], told["of_these"]) == ("2020-03-01T12:00:00+00:00", 3, 2)
    assert (told["became"], told["by"]) == ("out of reach: not recalled", "person a")


def test_what_lies_below_the_home_is_removed_before_the_certificate(office: Office) -> None:
    office.settle()
    here = give_out(office, office.root / "exports" / "bins.csv", 1, 2, 99, by=IVY)
    other = give_out(office, office.root / "exports" / "trees.csv", 99)
    (told,) = certified(office)
    assert (told["became"], told["of_these"]) == ("removed", 2)
    assert not list(here.parent.glob("bins.csv*"))
    assert other.exists()


def test_a_file_that_was_written_twice_is_removed_for_both(office: Office) -> None:
    office.settle()
    here = office.root / "exports" / "bins.csv"
    for numbers in ((1, 2), (1, 2, 3), (1,)):
        give_out(office, here, *numbers)
    told = certified(office)
    assert [(one["became"], one["of_these"]) for one in told] == [
        ("removed", 2),
        ("removed", 3),
        ("removed", 1),
    ]
    assert not here.exists()


@pytest.mark.parametrize("received", [False, True])
def test_a_package_stays_until_its_receipt_and_then_goes_with_its_records(
    office: Office, *, received: bool
) -> None:
    office.settle()
    package(office, "2036-03-01-1")
    folder = give_out(
        office, office.root / "transfers" / "one", 3, kind=GivenKind.TRANSFER, reference="2036-03-01-1"
    )
    if received:
        office.register.receive_transfer(
            COUNCIL, "2036-03-01-1", receipt="Accession 1", by="art", at=office.clock.now()
        )
    (told,) = certified(office)
    assert told["reference"] == "2036-03-01-1"
    assert folder.exists() is not received
    assert told["became"] == ("removed" if received else "lies in MUNIMENT_HOME: its receipt is waited for")


def test_a_copy_that_cannot_be_removed_delays_the_certificate_and_nothing_else(office: Office) -> None:
    office.settle()
    here = give_out(office, office.root / "exports" / "bins.csv", 1)
    here.unlink()
    here.mkdir()
    (here / "kept").mkdir()
    run = office.approved()
    stubborn = _Stubborn(office.root)
    office.giving_out = type(office.giving_out)(
        council=COUNCIL,
        register=office.register,
        files=stubborn,
        place_of=stubborn.place_of,
        clock=office.clock,
    )
    office.destroying.giving_out = office.giving_out
    done = office.destroying.execute(run)
    assert (done.records, done.certificate_no, list(done.pending)) == (6, None, ["given out"])
    assert office.held() == set()
    stubborn.lets_go = True
    assert office.destroying.execute(run).certificate_no == 1
    assert not here.exists()


class _Stubborn(HomeFiles):
    """A folder of which nothing can be removed until it lets go."""

    lets_go = False

    @override
    def remove(self, place: str) -> None:
        if not self.lets_go:
            raise StorageError("Read-only.", remedy="Mount it for writing.")
        super().remove(place)


def test_nothing_outside_the_home_is_ever_removed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "passwords").write_text("mine", encoding="utf-8")
    files = HomeFiles(home)
    (home / "register.sqlite").write_text("records", encoding="utf-8")
    assert files.place_of(home / "register.sqlite") is None
    assert files.place_of(home / "exports" / "x.csv") == "exports/x.csv"
    with pytest.raises(StorageError, match="lies among what is kept"):
        files.remove("register.sqlite")  # as an earlier muniment may have entered it
    for place in ("../passwords", "", ".", "exports", str(tmp_path / "passwords")):
        with pytest.raises(StorageError):
            files.remove(place)
    assert (tmp_path / "passwords").exists()
    assert files.place_of(tmp_path / "passwords") is None


def test_which_exports_held_a_record_is_known_after_it_is_gone_to_whoever_can_name_it(
    office: Office, tmp_path: Path
) -> None:
    office.settle()
    give_out(office, tmp_path.parent / f"{tmp_path.name}-foi.csv", 1, 2)
    certified(office)
    (one,) = office.giving_out.holding(["facebook:1"])
    assert (one.records, one.given.by) == (1, "ann")
    assert office.giving_out.holding(["facebook:7"]) == ()
    assert office.register.mentions(COUNCIL, ["facebook:1"]) == 0
