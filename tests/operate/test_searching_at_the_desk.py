"""Search at the command line, over a real archive: pages, facets, files, threads, the index."""

import csv
import getpass
import json
import re
import shutil
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from muniment.bootstrap.opening import open_muniment
from muniment.domain.people import Appointment, Role
from muniment.settings import from_environment
from tests.operate.conftest import Office
from tests.operate.test_retention import signed

EVERYTHING = "NOT zzzqq"


@pytest.fixture
def archived(office: Office) -> Office:
    assert office.archive().code == 0
    with open_muniment(from_environment()) as muniment:
        given = Appointment(person=getpass.getuser(), role=Role.INFORMATION_MANAGER, from_on=date(2000, 1, 1))
        muniment.register.appoint("smalltown", given)
    return office


def told(said: str) -> tuple[int, int]:
    """Return the totals of an answer: records and versions."""
    found = re.search(r"([\d,]+) records?, ([\d,]+) versions?", said)
    assert found is not None, said
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


def test_an_answer_says_totals_freshness_facets_and_what_could_not_be_found(archived: Office) -> None:
    answer = archived.run("search", EVERYTHING, "--facets", "--group-duplicates", "--size", "5").said
    records, versions = told(answer)
    assert versions >= records > 5
    assert "0 records behind" in answer
    assert "Every version that is not one that has any form of “zzzqq”." in answer
    assert "platform:" in answer
    assert "year:" in answer
    assert re.search(r"month: 20\d\d-\d\d \d", answer)
    assert "language:" in answer
    assert "groups of texts that say nearly the same" in answer
    explained = archived.run("search", "class:pub-comment").said
    assert "has class pub-comment (as of last night)" in " ".join(explained.split())
    best = archived.run("search", "bins OR Notice", "--group-duplicates", "--order", "relevant").said
    assert "groups of texts that say nearly the same, best match first" in best
    assert "Nothing is known to be missing of what was searched." in answer


def test_accounts_that_lack_the_same_are_told_together_and_once(archived: Office) -> None:
    archived.stage.world.clock.wait(7200)
    archived.archive()
    said = archived.run("search", "bins").said.partition("What could not have been found")[2]
    (line,) = [line for line in said.splitlines() if "muniment did not run" in line]
    assert line.strip().startswith("every account searched: posts that were there only between")


def test_a_search_that_finds_nothing_says_where_other_spellings_are_shown(archived: Office) -> None:
    assert "muniment searches suggest" in archived.run("search", "councl").said
    assert "Nothing was found" not in archived.run("search", EVERYTHING).said


def test_an_index_with_nothing_in_it_is_not_told_as_a_search_that_found_nothing(archived: Office) -> None:
    shutil.rmtree(archived.stage.home / "index")
    said = archived.run("search", EVERYTHING).said
    assert "Nothing was searched: the index is empty. `muniment reindex`" in said
    assert "Nothing was found" not in said
    assert archived.run("reindex").code == 0
    assert told(archived.run("search", EVERYTHING).said)[0] > 0


def test_pages_give_every_version_once(archived: Office) -> None:
    seen: list[str] = []
    more: tuple[str, ...] = ()
    while True:
        answer = archived.run("search", EVERYTHING, "--size", "7", *more).said
        page = answer.split("The next page:")[0]
        seen += re.findall(r"(?:live|hidden|missing|gone)  (\S+:\S+)$", page, re.MULTILINE)
        place = re.search(r"--after (\S+)", answer)
        if place is None:
            break
        more = ("--after", place[1])
    assert len(seen) == told(answer)[1]


def test_an_earlier_commit_answers_as_it_stood(archived: Office) -> None:
    now = told(archived.run("search", EVERYTHING).said)
    with open_muniment(from_environment()) as muniment:
        last = muniment.council().archive.commit_no()
    assert told(archived.run("search", EVERYTHING, "--as-at", str(last)).said) == now
    assert told(archived.run("search", EVERYTHING, "--as-at", "1").said)[0] < now[0]
    assert archived.run("search", EVERYTHING, "--as-at", str(last + 1)).code == 2


def test_an_earlier_commit_is_written_to_files_and_comes_in_either_order(
    archived: Office, tmp_path: Path
) -> None:
    options = ("--as-at", "1", "--order", "relevant", "--csv", str(tmp_path / "then.csv"))
    ended = archived.run("search", EVERYTHING, *options)
    manifest = json.loads((tmp_path / "then.csv.manifest.json").read_text(encoding="utf-8"))
    assert (manifest["records"], manifest["versions"]) == told(ended.said)
    assert (manifest["as_at"], manifest["rows"]) == (1, manifest["versions"])


def test_a_record_is_shown_with_its_versions_states_files_and_thread(archived: Office) -> None:
    world = archived.stage.world
    (post,) = [one for one in world.items("facebook") if "Notice 0" in one.current.text]
    world.edit(post, text="Notice 0: bins on Tuesday")
    world.clock.wait(86_400)
    archived.archive()
    found = archived.run("search", "Tuesday", "--platform", "facebook").said
    record_id = re.search(r"facebook:\S+", found)
    assert record_id is not None
    said = archived.run("show", record_id[0]).said
    assert "created: " in said
    assert re.search(r" 1\. captured .*\n +Notice 0: bins on Monday\n 2\. captured ", said)
    assert re.search(r"live  seen, .*comments 1", said)
    assert "bytes, SHA-256 " in said
    assert "Question 0" in said.partition("Thread")[2]


def test_every_hit_is_written_in_each_form(archived: Office, tmp_path: Path) -> None:
    files = {form: tmp_path / f"hits.{form}" for form in ("csv", "jsonl", "parquet")}
    options = [word for form, path in files.items() for word in (f"--{form}", str(path))]
    ended = archived.run("search", EVERYTHING, *options)
    assert ended.code == 0
    records, versions = told(ended.said)
    with files["csv"].open(encoding="utf-8-sig", newline="") as written:
        rows = list(csv.DictReader(written))
    assert len(rows) == versions
    assert len({row["record_id"] for row in rows}) == records
    assert len(files["jsonl"].read_text(encoding="utf-8").splitlines()) == versions
    assert pq.read_metadata(files["parquet"]).num_rows == versions
    manifest = json.loads((tmp_path / "hits.csv.manifest.json").read_text(encoding="utf-8"))
    assert (manifest["rows"], manifest["records"]) == (versions, records)


def test_a_thread_is_shown_and_the_look_is_audited(archived: Office) -> None:
    with open_muniment(from_environment()) as muniment:
        facts = muniment.council().retaining.held().records.to_pylist()
    comment = next(row["record_id"] for row in facts if row["kind"] == "comment")
    shown = archived.run("thread", comment)
    assert shown.code == 0
    assert comment in shown.said
    assert "person:record:show" in archived.run("audit", "--record", comment).said
    assert archived.run("thread", comment, "--as-of", "1999-12-31").code == 2


def test_a_mistake_ends_with_two_and_says_what_to_write(archived: Office) -> None:
    ended = archived.run("search", "bin NEAR/0 missed")
    assert ended.code == 2
    assert "at character 5" in ended.said
    assert "from 1 (side by side) to 20" in ended.said


def test_a_saved_search_from_the_question_to_the_statement(archived: Office, tmp_path: Path) -> None:
    run = archived.run
    assert run("searches", "save", "foi-1", f"({EVERYTHING}) OR zzzqq", "--case", "FOI-1").code == 0
    assert "FOI-1" in run("searches", "list").said
    assert told(run("search", "--saved", "foi-1").said) == told(run("search", EVERYTHING).said)
    assert run("search", "--saved", "foi-1", "--platform", "x").code == 2
    assert run("search").code == 2
    assert run("search", "bins", "--size", "0").code == 2
    path = tmp_path / "report.csv"
    report = run("searches", "report", "foi-1", "--csv", str(path))
    assert report.code == 0
    assert "Found nothing: zzzqq" in report.said
    assert "Each term by itself" in report.said
    assert path.is_file()
    assert run("searches", "suggest", "foi-1").code == 0
    assert run("searches", "decide", "foi-1", "nothing-of-the-kind").code == 2
    accepted = run("searches", "statement", "foi-1", "--accept").said
    assert "Terms that found nothing: zzzqq." in accepted
    assert run("searches", "statement", "foi-1", "--number", "1").said.strip() == accepted.strip()
    assert run("searches", "drop", "foi-1").code == 0
    assert run("searches", "report", "foi-1").code == 2
    kinds = run("audit", "--what", "search").said
    assert all(f"person:search:{what}" in kinds for what in ("save", "report", "accept", "drop"))


def test_the_index_is_told_counted_built_anew_and_purged(archived: Office) -> None:
    run = archived.run
    status = run("index", "status")
    assert status.code == 0
    assert "0 records behind" in status.said
    for verb in ("reconcile", "rebuild", "purge", "reconcile"):
        ended = run("index", verb)
        assert ended.code == 0, ended.said
    assert "0 words and 0 copies" in run("index", "purge").said


def test_with_a_schedule_in_force_hits_are_counted_by_class(archived: Office, tmp_path: Path) -> None:
    run = archived.run
    assert run("schedule", "adopt", "--yes", str(signed(tmp_path / "signed.yml"))).code == 0
    assert "class:" not in run("search", EVERYTHING, "--facets").said.replace("class:x", "")
    assert run("index", "rebuild").code == 0
    assert "pub-comment" in run("search", EVERYTHING, "--facets").said
    assert told(run("search", "class:PUB-COMMENT").said)[0] > 0
    assert run("index", "reconcile").code == 0
