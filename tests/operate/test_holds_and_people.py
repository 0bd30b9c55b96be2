"""An officer's day with roles, holds and the audit, at the command line."""

import csv
import getpass

from tests.operate.conftest import Office

ME = getpass.getuser()


def appoint(office: Office, role: str, person: str = ME) -> None:
    assert office.run("people", "add", person, "--role", role, "--reason", "on paper").code == 0


def place(office: Office, query: str = "bins", reference: str = "FOI/2026/17") -> str:
    told = office.run(
        *("hold", "place", query, "--kind", "foi", "--reference", reference, "--reason", "request of 1 March")
    )
    assert told.code == 0, told.said
    return told.said


def test_roles_are_given_by_an_information_manager_and_never_to_oneself(office: Office) -> None:
    refused = office.run("people", "add", ME, "--role", "records-officer", "--reason", "because")
    assert (refused.code, "may not give and end roles" in refused.said) == (3, True)
    appoint(office, "information-manager")
    refused = office.run("people", "add", ME, "--role", "auditor", "--reason", "because")
    assert (refused.code, "cannot give themselves" in refused.said) == (3, True)
    appoint(office, "records-officer", "a.jones")
    again = office.run("people", "add", "a.jones", "--role", "records-officer", "--reason", "twice")
    assert (again.code, "in that time already" in again.said) == (2, True)
    listed = office.run("people", "list").said
    assert "records officer" in listed
    assert "a.jones" in listed
    assert office.run("people", "end", "a.jones", "--role", "records-officer", "--reason", "left").code == 0
    last = office.run("people", "end", ME, "--role", "information-manager", "--reason", "left")
    assert (last.code, "nobody would be information manager" in last.said) == (2, True)


def test_people_are_put_into_teams_by_an_information_manager_and_never_by_themselves(office: Office) -> None:
    appoint(office, "information-manager")
    refused = office.run("people", "add", ME, "--team", "HR", "--reason", "because")
    assert (refused.code, "cannot put themselves into a team" in refused.said) == (3, True)
    both = office.run("people", "add", "a.jones", "--team", "HR", "--role", "auditor", "--reason", "which?")
    assert (both.code, "a role or a team" in both.said) == (2, True)
    assert office.run("people", "add", "a.jones", "--team", "HR", "--reason", "head of HR").code == 0
    again = office.run("people", "add", "a.jones", "--team", "HR", "--reason", "twice")
    assert (again.code, "in that time already" in again.said) == (2, True)
    assert "team HR" in office.run("people", "list").said
    assert office.run("people", "end", "a.jones", "--team", "HR", "--reason", "left").code == 0
    assert office.run("dispose", "keys").code == 0
    no_key = office.run("dispose", "forget-key", "00", "--reason", "tidy")
    assert (no_key.code, "no sealed key 00" in no_key.said) == (2, True)
    unknown = office.run("people", "end", "b.smith", "--team", "HR", "--reason", "left")
    assert (unknown.code, "is not in HR" in unknown.said) == (2, True)


def test_a_hold_from_its_placing_to_its_release(office: Office) -> None:
    assert office.archive().code == 0
    refused = office.run(
        *("hold", "place", "bins", "--kind", "foi", "--reference", "FOI/1", "--reason", "asked")
    )
    assert (refused.code, "may not place a hold" in refused.said) == (3, True)
    assert office.run("search", "hold:yes").said.startswith("0 records")
    appoint(office, "information-manager")
    assert "10 records now" in place(office)
    council = office.stage.world.find_account("facebook", "smalltown")
    assert council is not None
    assert office.run("store", "compact").code == 0  # what is held goes by commits, not by files
    office.stage.world.post(council, "New bins for all")
    assert office.archive().code == 0
    assert office.run("search", "hold:yes").said.startswith("11 records")
    assert "11 records up to commit" in office.run("hold", "show", "1").said
    ids = office.stage.home.parent / "ids.txt"
    assert office.run("hold", "show", "1", "--records", str(ids)).code == 0
    assert len(ids.read_text().splitlines()) == 11
    second = office.run(
        *("hold", "place", "--records", str(ids), "--kind", "litigation", "--reference", "CL/7"),
        *("--reason", "letter before claim"),
    )
    assert "11 records." in second.said
    assert "FOI/2026/17" in office.run("hold", "list").said
    assert "FOI/2026/17" not in office.run("hold", "list", "--due").said
    office.stage.world.clock.wait(200 * 24 * 3600)
    assert "FOI/2026/17" in office.run("hold", "list", "--due").said
    assert office.run("hold", "review", "1", "--reason", "the tribunal has not sat").code == 0
    assert "FOI/2026/17" not in office.run("hold", "list", "--due").said
    assert (
        "0 records are under no hold now" in office.run("hold", "release", "1", "--reason", "answered").said
    )
    freed = office.run("hold", "release", "2", "--reason", "settled").said
    assert "11 records are under no hold now" in freed
    assert office.run("search", "hold:yes").said.startswith("0 records")
    assert office.run("verify").code == 0


def test_reading_kept_exhibits_again_takes_a_role_and_asking_what_would_be_read_takes_none(
    office: Office,
) -> None:
    assert office.archive().code == 0
    assert "Nothing was written" in office.run("reread", "--dry-run").said
    refused = office.run("reread")
    assert (refused.code, "may not have kept exhibits read again" in refused.said) == (3, True)
    appoint(office, "information-manager")
    assert office.run("reread").code == 0
    entries = office.run("audit", "--what", "reread").said
    assert ("dry_run: true" in entries, entries.count("person:archive:reread")) == (True, 2)


def test_reading_a_list_that_names_records_or_searches_is_an_entry(office: Office) -> None:
    assert office.archive().code == 0
    appoint(office, "information-manager")
    place(office)
    for command in (("hold", "list"), ("class", "list"), ("trigger", "list"), ("searches", "list")):
        assert office.run(*command).code == 0
    told = office.run("audit", "--what", "list").said
    assert told.count("person:list:read") == 4
    assert all(
        f"listed: {name}, entries: {count}" in told
        for name, count in (
            ("holds", 1),
            ("decisions about classes", 0),
            ("events", 0),
            ("saved searches", 0),
        )
    )


def test_what_was_given_out_before_a_list_was_kept_is_entered(office: Office) -> None:
    records = office.stage.home.parent / "ids.txt"
    records.write_text("x:1\nx:2\n", encoding="utf-8")
    entering = ("dispose", "given-out", "--kind", "search-export", "--on", "2020-03-01")
    words = (*entering, "--records", str(records), "--reason", "FOI/20/3, sent")
    assert office.run(*words).code == 3
    appoint(office, "information-manager")
    assert "search export of 1 March 2020, with 2 records in it" in office.run(*words).said
    told = office.run("audit", "--what", "given").said
    assert ("FOI/20/3, sent" in told, "x:1" in told) == (True, False)


def test_the_audit_shows_who_did_what_and_survives_in_a_file(office: Office) -> None:
    assert office.archive().code == 0
    refused = office.run("audit")
    assert (refused.code, "may not read the audit" in refused.said) == (3, True)
    appoint(office, "information-manager")
    place(office)
    record_id = next(
        line for line in office.run("search", "bins").said.split() if line.startswith("facebook:")
    )
    assert office.run("show", record_id).code == 0
    told = office.run("audit", "--what", "hold").said
    assert "request of 1 March" in told
    assert "information manager" in told
    assert record_id not in office.run("audit").said
    assert "person:record:show" in office.run("audit", "--record", record_id).said
    assert office.run("audit", "--what", "nonsense").code == 2
    path = office.stage.home.parent / "audit.csv"
    assert office.run("audit", "--by", ME, "--csv", str(path)).code == 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["who"] for row in rows} == {ME}
    assert "person:search:make" in {row["what"] for row in rows}
    early = office.run("store", "destroy-audit-texts", "--before", "2026-01-01", "--reason", "tidy")
    assert (early.code, "are kept 6 years" in early.said) == (2, True)
