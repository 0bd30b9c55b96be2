"""The council's file: what an officer may write, and what each mistake is answered with."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.registry import PLATFORMS
from muniment.adapters.council_yaml import AccountEntry, Council, CouncilFile, CredentialSource, Person, load
from schemas.errors import BadInputError
from schemas.vocabulary import AccountKind, OnDeletion

CHECKOUT = Path(__file__).resolve().parents[3]
EXAMPLE = CHECKOUT / "councils" / "example_borough.yml"
DOC = CHECKOUT / "docs" / "operate" / "account-register.md"

TODAY = date(2026, 6, 1)
HEAD = "council: elm\nname: Elm Borough Council\n"
ONE = HEAD + "accounts:\n  - account: x-main\n    platform: x\n    handle: ElmBC\n"


def read(tmp_path: Path, text: str) -> Council:
    path = tmp_path / "elm.yml"
    path.write_text(text, encoding="utf-8")
    return load(path, PLATFORMS)


def mistakes(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(BadInputError) as refused:
        read(tmp_path, text)
    return refused.value.message.replace(f"{tmp_path}/", "").splitlines()


def test_the_example_is_complete_and_right() -> None:
    council = load(EXAMPLE, PLATFORMS)
    accounts = {account.account: account for account in council.open_on(TODAY)}
    assert {account.kind for account in accounts.values()} >= set(AccountKind) - {AccountKind.MEMBER}
    assert len(council.entries) == len(accounts) + 1  # the leader's blog is closed
    main = accounts["x-main"]
    assert (main.council, main.interval, main.backfill_from) == (
        "example_borough",
        timedelta(minutes=15),
        date(2015, 1, 1),
    )
    assert accounts["facebook-flood-2026"].on_deletion is OnDeletion.HONOUR
    assert council.allowance(main).usd_per_month == 60
    assert council.allowance(accounts["bluesky-main"]).usd_per_month is None


def test_the_example_shows_nearly_every_field() -> None:
    told = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    shown = {name for account in told["accounts"] for name in account}
    assert set(AccountEntry.model_fields) - shown <= {"sponsor", "max_media_mb"}


def test_every_field_is_documented_and_no_other() -> None:
    told = {
        line.split("`")[1] for line in DOC.read_text(encoding="utf-8").splitlines() if line.startswith("| `")
    }
    models = (CouncilFile, AccountEntry, CredentialSource, Person)
    fields = {field.alias or name for model in models for name, field in model.model_fields.items()}
    assert told == fields


def test_the_least_that_an_account_needs(tmp_path: Path) -> None:
    (account,) = read(tmp_path, ONE).open_on(TODAY)
    assert (account.account, account.platform, account.handle, account.council) == (
        "x-main",
        "x",
        "ElmBC",
        "elm",
    )
    assert account.on_deletion is OnDeletion.RETAIN
    assert account.sandbox is False


def test_a_handle_may_be_written_with_its_at_sign(tmp_path: Path) -> None:
    (account,) = read(tmp_path, ONE.replace("ElmBC", '"@ElmBC"')).open_on(TODAY)
    assert account.handle == "ElmBC"


def test_an_account_is_open_up_to_the_day_on_which_it_closes(tmp_path: Path) -> None:
    council = read(tmp_path, f"{ONE}    closed_on: 2026-06-01\n")
    assert len(council.open_on(date(2026, 5, 1))) == len(council.open_on(TODAY)) == 1
    assert council.open_on(date(2026, 6, 2)) == ()


def test_two_councils_share_an_account_under_its_lead(tmp_path: Path) -> None:
    shared = "    kind: shared-service\n    owners: [Oak Council, Elm Council]\n    lead: Elm Council\n"
    council = read(tmp_path, ONE + shared)
    (entry,) = council.entries
    assert entry.owner_service == "Elm Council, Oak Council"
    assert list(council.partners.values()) == [("Oak Council",)]


def test_the_digest_is_of_the_very_bytes(tmp_path: Path) -> None:
    assert read(tmp_path, ONE).digest != read(tmp_path, ONE + "# a remark\n").digest


MISTAKES = [
    ("    colour: red\n", 7, "muniment knows no field 'colour'"),
    ("    kind: corporation\n", 7, "'kind' is 'corporation'; write 'corporate', 'departmental'"),
    ("    interval: 15 minutes\n", 7, "write 15m, 6h or 1d"),
    ("    opened_on: 31/03/2026\n", 7, "'opened_on' is '31/03/2026'; write a day as 2026-03-31"),
    ("    opened_on: 2026-02-30\n", 7, "'opened_on' is '2026-02-30'; write a day as 2026-03-31"),
    ("    native_id: 100200\n", 7, 'put it in quotes: "100200"'),
    ("    expected_per_week: -1\n", 7, "'expected_per_week' is '-1'"),
    ("    base_url: ftp://elm.example\n", 7, "write an address that begins with https://"),
    ("    base_url: https://me:pw@elm.example\n", 7, "without a user name"),
    ("    credential: nowhere\n", 7, "'credentials' names no 'nowhere'"),
    ("    on_deletion: honour\n", 4, "'on_deletion: honour' needs a 'legal_basis'"),
    ("    kind: campaign\n", 4, "a campaign account needs 'campaign_from'"),
    (
        "    kind: shared-service\n    owners: [Elm]\n    lead: Elm\n",
        4,
        "needs 'owners' (two councils or more)",
    ),
    ("    opened_on: 2020-01-01\n    closed_on: 2019-01-01\n", 4, "'closed_on' is before 'opened_on'"),
    (
        "    campaign_from: 2020-01-01\n    campaign_until: 2019-01-01\n",
        4,
        "'campaign_until' is before 'campaign_from'",
    ),
    ("    people: [{name: A, from: 2020-01-01, until: 2019-01-01}]\n", 7, "'until' is before 'from'"),
    ("    people: [{name: A}]\n", 7, "'from' is missing"),
    ("    handle: again\n", 7, "'handle' is there twice"),
    ("  - {account: x-main, platform: x, handle: other}\n", 7, "account 'x-main' is there twice"),
    ("  - {account: tok, platform: tiktok, handle: elm}\n", 7, "no platform 'tiktok'; write one of bluesky"),
    ("  - {account: X Main, platform: x, handle: elm}\n", 7, "write a short name of small letters"),
    ("  - {platform: x, handle: elm}\n", 7, "'account' is missing"),
]


@pytest.mark.parametrize(("lines", "number", "what"), MISTAKES)
def test_a_mistake_is_told_with_its_line_and_its_remedy(
    tmp_path: Path, lines: str, number: int, what: str
) -> None:
    (told,) = mistakes(tmp_path, ONE + lines)
    assert told.startswith(f"elm.yml, line {number}: ")
    assert what in told


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    told = mistakes(tmp_path, ONE + "    kind: odd\n    interval: 0m\n    colour: red\n")
    assert [line.split(":")[0] for line in told] == [f"elm.yml, line {number}" for number in (7, 8, 9)]


SECRETS = [
    "credentials:\n  x: {env: {bearer_token: X}, token: abc}\n",
    "credentials:\n  x: {file: EAAGm0PX4ZCpsBAKZCZCm0PX4ZCpsBAKZCZCm0PX4ZCpsBAKZCZC}\n",
    "credentials:\n  blog: {file: abcd EFGH 1234 ijkl MNOP 5678}\n",
    "credentials:\n  x: {file: eyJhbGciOiJIUzI1NiIsInR5cCI6.eyJzdWIiOiIxMjM0}\n",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_in_the_file_is_refused_and_never_repeated(tmp_path: Path, text: str) -> None:
    told = "\n".join(mistakes(tmp_path, ONE + text))
    assert "name where it is found" in told
    for secret in ("abc}", "EAAGm0PX4", "EFGH", "eyJhbGci"):
        assert secret not in told


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "the file is empty"),
        ("# nothing but a remark\n", "the file is empty"),
        (ONE + "   kind: corporate\n", "this is not YAML"),
        (ONE + "\tkind: corporate\n", "this is not YAML"),
        (ONE + "    kind: !!python/object:os.system {}\n", "this is not YAML"),
        (HEAD + "accounts: []\n", "accounts"),
        (HEAD, "'accounts' is missing"),
        (ONE.replace("council: elm", "council: oak"), "'council' must be elm"),
    ],
)
def test_a_file_that_is_no_register_is_refused_in_plain_words(tmp_path: Path, text: str, what: str) -> None:
    assert what in "\n".join(mistakes(tmp_path, text))


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "elm.yml"
    path.write_bytes(ONE.replace("ElmBC", "Elmé").encode("latin-1"))
    with pytest.raises(BadInputError, match="UTF-8"):
        load(path, PLATFORMS)


@pytest.mark.parametrize(
    ("place", "right"),
    [
        ({"env": {"token_name": "ELM_TOKEN"}}, True),
        ({"file": "elm.json"}, True),
        ({"prefect_block": "elm-x"}, True),
        ({}, False),
        ({"env": {"a": "ELM"}, "file": "elm.json"}, False),
        ({"file": "../elm.json"}, False),
        ({"env": {"a": "not a variable"}}, False),
    ],
)
def test_a_credential_is_in_exactly_one_place(tmp_path: Path, place: dict[str, Any], right: bool) -> None:  # noqa: FBT001
    text = ONE + "    credential: one\n" + yaml.safe_dump({"credentials": {"one": place}})
    if right:
        assert read(tmp_path, text).credentials.keys() == {"one"}
    else:
        assert mistakes(tmp_path, text)
