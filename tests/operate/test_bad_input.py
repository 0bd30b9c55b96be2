"""Bad input: a clear message, the documented exit code, nothing lost (docs/operate/exit-codes.md)."""

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.fake import Fault, Trouble
from conformance.platforms.mastodon import MastodonFake
from tests.operate.conftest import Office

CHECKOUT = Path(__file__).parents[2]


def test_wrong_yaml_is_told_with_its_line_and_nothing_is_asked(office: Office) -> None:
    office.file.write_text("council: smalltown\nname: Smalltown\naccounts:\n - account: x\n  handle: y\n")
    ended = office.run("archive")
    assert ended.code == 2
    assert "smalltown.yml, line 5: this is not YAML" in ended.said
    assert not office.archive_folder.exists()


def test_an_unknown_platform_is_told_with_the_known_ones(office: Office) -> None:
    office.rewrite(lambda told: told["accounts"][0].update(platform="friendster"))
    ended = office.run("archive")
    assert ended.code == 2
    assert "muniment has no platform 'friendster'; write one of bluesky, facebook, feed" in ended.said
    assert "line " in ended.said


def test_an_unknown_account_is_refused_wherever_it_is_named(office: Office) -> None:
    for command in (("archive",), ("accounts", "check")):
        ended = office.run(*command, "--account", "frend")
        assert ended.code == 2, command
        assert "has no open account frend" in ended.said


def test_a_file_that_cannot_be_written_is_named(office: Office) -> None:
    ended = office.run("export", str(office.stage.home.parent / "nowhere" / "export.jsonl"))
    assert ended.code == 6
    assert "nowhere: No such file or directory" in ended.said


def test_a_name_that_looks_like_mark_up_is_shown_as_it_is(office: Office) -> None:
    path = office.stage.home.parent / "all[" / "b].jsonl"
    path.parent.mkdir()
    ended = office.run("export", str(path))
    assert (ended.code, path.exists()) == (0, True)
    assert "all[/b].jsonl" in ended.said


def test_a_setting_with_a_slip_is_refused_not_ignored(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUNIMENT_HOUSE", "elsewhere")
    ended = office.run("accounts", "list")
    assert ended.code == 2
    assert "Unknown setting MUNIMENT_HOUSE" in ended.said


def test_an_expired_token_pauses_its_account_only_and_a_new_one_goes_on(office: Office) -> None:
    fault = Fault(trouble=Trouble.EXPIRED, times=10_000)
    office.stage.fakes["facebook"].knobs.faults.append(fault)
    ended = office.archive()
    assert ended.code == 5
    assert "no-credential" in ended.said
    assert len(office.items("mastodon")) == 10
    assert "paused: no-credential" in office.run("accounts", "list").said
    assert office.run("accounts", "check", "--account", "facebook").code == 5
    assert "no working credential" in office.run("coverage").said

    office.stage.fakes["facebook"].knobs.faults.remove(fault)
    assert office.archive().code == 0
    assert len(office.items("facebook")) == 10
    assert "paused" not in office.run("accounts", "list").said


def test_a_missing_permission_leaves_a_gap_that_names_it_and_keeps_the_rest(office: Office) -> None:
    fault = Fault(match="/comments", trouble=Trouble.MISSING_PERMISSION, times=10_000)
    office.stage.fakes["facebook"].knobs.faults.append(fault)
    ended = office.archive()
    assert ended.code == 5
    assert "permission" in ended.said
    assert ended.said.count("it lacks pages_read_user_content") == 1  # told once, with its remedy
    assert office.stage.fakes["facebook"].journal.calls["GET /v26.0/{id}/comments"] <= 2
    assert {item["kind"] for item in office.items("facebook").values()} == {"post"}
    assert "a permission is missing" in office.run("coverage").said
    checked = office.run("accounts", "check", "--account", "facebook")
    assert (checked.code, "missing" in checked.said) == (5, True)

    office.stage.fakes["facebook"].knobs.faults.remove(fault)
    assert office.archive().code == 0
    assert len(office.items("facebook")) == 10


def test_a_wrong_account_id_archives_nothing_of_the_credentials_owner(office: Office) -> None:
    office.rewrite(lambda told: told["accounts"][0].update(native_id="424242"))
    ended = office.archive()
    assert ended.code == 5
    assert "wrong-account" in ended.said
    assert office.items("facebook") == {}
    assert len(office.items("mastodon")) == 10


def test_an_account_that_cannot_even_be_checked_stops_no_other(office: Office) -> None:
    nothing = f"{office.stage.url}/nothing-is-here"
    wrong: list[dict[str, Any]] = [
        {"account": "feed", "platform": "feed", "handle": "blog", "base_url": f"{nothing}/feed/"},
        {"account": "news", "platform": "wordpress", "handle": "news"},
        {"account": "x", "platform": "x", "handle": "x", "credential": "x", "options": {"x_names": "toot"}},
    ]
    (office.stage.home / "secrets" / "x.json").write_text('{"bearer_token": "t"}')
    (office.stage.home / "secrets" / "x.json").chmod(0o600)

    def put_first(told: dict[str, Any]) -> None:
        told["accounts"] = wrong + told["accounts"]
        told["credentials"]["x"] = {"file": "x.json"}

    office.rewrite(put_first)
    ended = office.archive()
    assert ended.code == 5, ended.said
    assert len(office.items("mastodon")) == len(office.items("facebook")) == 10
    for words in ("cannot be read (status 404)", "Account news has no base_url", "Write x_names"):
        assert words in ended.said
    coverage = office.run("coverage").said
    assert all(one["account"] in coverage for one in wrong)


@pytest.mark.parametrize("count", [10**30, 2**63, -1])
def test_a_number_that_nothing_is_counted_by_stops_nobody(office: Office, count: int) -> None:
    facebook, mastodon = (office.stage.fakes[name] for name in ("facebook", "mastodon"))
    assert isinstance(mastodon, MastodonFake)
    told = {"data": [], "summary": {"total_count": count}}
    facebook.knobs.faults.append(Fault(match="/comments", status=200, body=told, times=5))
    (council,) = office.stage.world.accounts("mastodon", owned=True)
    office.stage.world.sync()
    counts = {"replies_count": count, "favourites_count": count}
    statuses = [mastodon.render(item) | counts for item in office.stage.world.posts_of(council)]
    whole = {"link": f'<{mastodon.base_url}/?min_id=1>; rel="prev"'}
    mastodon.knobs.faults.append(Fault(match="limit=40", status=200, body=statuses, headers=whole, times=5))
    ended = office.archive()
    assert ended.code == 0, ended.said
    assert len(office.items("facebook")) >= 5
    assert len(office.items("mastodon")) == 10
    assert office.run("coverage").code == office.run("verify").code == 0


def test_a_user_name_beside_the_token_is_no_secret_and_is_left_in_what_people_wrote(office: Office) -> None:
    path = office.stage.home / "secrets" / "facebook.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "username": "Notice"}))
    assert office.archive().code == 0
    assert "Notice 0" in json.dumps(office.items("facebook"))


def test_a_login_page_where_data_was_due_is_no_empty_success(office: Office) -> None:
    assert office.archive().code == 0
    office.stage.fakes["facebook"].knobs.login_wall_from = 1
    ended = office.archive()
    assert ended.code == 5
    assert "challenged" in ended.said
    assert len(office.items("facebook")) == 10


def test_a_backfill_that_nobody_confirmed_waits_and_the_newest_posts_do_not(office: Office) -> None:
    def leave_the_sandbox(told: dict[str, Any]) -> None:
        del told["sandbox"]  # whose pasts need no yes

    office.rewrite(leave_the_sandbox)
    ended = office.run("archive")
    assert ended.code == 3
    assert "The past was not fetched: facebook, about" in ended.said
    assert "muniment accounts confirm" in ended.said
    assert office.run("store", "stat").said.count("rows: own") == 1  # the profiles at least


def test_an_unreadable_table_stops_everything_and_is_mended_from_the_backup(office: Office) -> None:
    assert office.archive().code == 0
    log = max((office.archive_folder / "table" / "_delta_log").glob("*.json"))
    whole = log.read_bytes()
    log.write_bytes(whole[: len(whole) // 2])
    office.stage.world.post(office.stage.world.accounts("facebook", owned=True)[0], "Said meanwhile")
    ended = office.archive()
    assert ended.code == 4
    assert "Restore it from the backup" in " ".join(ended.said.split()) or "restore" in ended.said
    found = office.run("verify")
    assert "from the backup" in found.said
    assert found.code == 4
    assert log.name in found.said

    log.write_bytes(whole)
    assert office.archive().code == 0
    assert office.run("verify").code == 0
    assert len(office.items("facebook")) == 11


@pytest.mark.parametrize("most_bytes", [0, 40_000])
def test_a_full_disk_loses_nothing_that_was_kept(office: Office, most_bytes: int) -> None:
    """A limit on the size of files stands for the disk: to the process that writes both look alike."""
    assert office.archive().code == 0
    before = office.items()
    council = office.stage.world.accounts("facebook", owned=True)[0]
    for number in range(60):
        office.stage.world.post(council, f"Said while the disk was full {number}: " + "flood " * 200)
    office.stage.world.clock.wait(3600)
    ended = subprocess.run(
        [sys.executable, "-m", "muniment", "archive"],
        cwd=CHECKOUT,
        env=office.stage.environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes)),
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert ended.returncode == 6, ended.stderr
    assert "What to do:" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert before.items() <= office.items().items()

    assert office.archive().code == 0
    assert len(office.items()) == len(before) + 60
    assert office.run("verify").code == 0
