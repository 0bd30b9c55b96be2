"""Which search engine the settings choose, and which settings are refused with a remedy."""

from pathlib import Path

import pytest

from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.elastic.server import ElasticSignIn
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.tantivy.index import TantivyIndex
from muniment.bootstrap.opening import Muniment
from muniment.ports import SearchIndex
from muniment.settings import from_environment
from schemas.errors import BadInputError, SearchUnavailableError


def index_of(tmp_path: Path, **settings: str) -> SearchIndex:
    muniment = Muniment(from_environment({"MUNIMENT_HOME": str(tmp_path), **settings}))
    found = muniment.index
    muniment.close()
    return found


def test_without_any_setting_the_index_is_our_own(tmp_path: Path) -> None:
    assert isinstance(index_of(tmp_path), TantivyIndex)


def test_an_address_chooses_elasticsearch_and_nothing_is_asked_yet(tmp_path: Path) -> None:
    found = index_of(
        tmp_path, MUNIMENT_SEARCH_URL="https://es1.example.gov.uk:9200 https://es2.example.gov.uk:9200"
    )
    assert isinstance(found, ElasticIndex)


def test_a_server_that_is_not_there_is_told_when_it_is_asked(tmp_path: Path) -> None:
    muniment = Muniment(
        from_environment({"MUNIMENT_HOME": str(tmp_path), "MUNIMENT_SEARCH_URL": "http://127.0.0.1:1"})
    )
    with pytest.raises(SearchUnavailableError, match="archive goes on"):
        muniment.index.watermark("borough")
    muniment.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"MUNIMENT_SEARCH_URL": "http://es.example.gov.uk:9200"}, "in the clear"),
        ({"MUNIMENT_SEARCH_URL": "https://me:secret@es.example.gov.uk:9200"}, "stand in logs"),
        (
            {
                "MUNIMENT_SEARCH_URL": "https://es:9200",
                "MUNIMENT_SEARCH_USER": "a",
                "MUNIMENT_SEARCH_API_KEY": "b",
            },
            "both given",
        ),
        ({"MUNIMENT_SEARCH_URL": "https://es:9200", "MUNIMENT_SEARCH_CA_FILE": "/nowhere.pem"}, "not a file"),
    ],
)
def test_what_cannot_be_or_would_be_unsafe_is_refused(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(BadInputError, match=said) as refused:
        index_of(tmp_path, **settings)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["MUNIMENT_SEARCH_URL", "MUNIMENT_STORE_ENDPOINT", "MUNIMENT_TIMESTAMP_URLS", "MUNIMENT_PREFECT_API"],
)
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://me:zzsecret@host.example.gov.uk", "would stand in logs"),
        ("https://zzsecret@host.example.gov.uk:9200", "would stand in logs"),
        ("https://host.example.gov.uk/?key=zzsecret@x", "would stand in logs"),
        ("https://host.example.gov.uk:zzsecret", "no web address"),
        ("https://[zzsecret", "no web address"),
        ("host.example.gov.uk", "no web address"),
        ("ftp://host.example.gov.uk", "no web address"),
        ("https://", "no web address"),
    ],
)
def test_no_address_holds_a_secret_and_each_is_one(name: str, address: str, said: str) -> None:
    bucket = {"MUNIMENT_STORE": "s3://records/muniment"}
    with pytest.raises(BadInputError, match=said) as refused:
        from_environment({**bucket, name: address})
    assert name in refused.value.message
    assert "zzsecret" not in f"{refused.value.message} {refused.value.remedy}"


def test_no_secret_stands_in_what_settings_say_of_themselves() -> None:
    settings = from_environment(
        {
            "MUNIMENT_DATABASE_URL": "postgresql+psycopg://muniment:zzsecret@db/muniment",
            "MUNIMENT_SEAL_KEY": "zzsecret",
            "MUNIMENT_STUB_KEYS": "zzsecret",
            "MUNIMENT_SEARCH_URL": "https://es1.example.gov.uk:9200",
            "MUNIMENT_SEARCH_USER": "muniment",
            "MUNIMENT_SEARCH_PASSWORD": "zzsecret",
        }
    )
    sign_in = ElasticSignIn(
        urls=("https://es1.example.gov.uk:9200",), password="zzsecret", api_key="zzsecret"
    )
    assert settings.seal_key == "zzsecret"
    assert "zzsecret" not in repr(settings) + repr(sign_in)


@pytest.mark.parametrize(
    "url", ["postgresql+pg8000://u:zzsecret@db:port/muniment", "postgresql//db", "mysql://db/x"]
)
def test_an_address_of_the_register_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadInputError, match="cannot be used") as refused:
        SqlRegister.open(url)
    assert "zzsecret" not in str(refused.value)
