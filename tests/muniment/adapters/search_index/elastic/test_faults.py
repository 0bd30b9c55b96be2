"""A server that is stopped, slow, full or changed: nothing lost, told in our words, mended by itself."""

import json
import signal
from typing import Any

import pytest
from elasticsearch import Elasticsearch, NotFoundError

from infra.elasticsearch.servers import signal_node
from muniment.adapters.elastic.index import ElasticIndex
from muniment.adapters.elastic.mapping import MADE_BY, generation_name, index_body
from muniment.adapters.elastic.server import ElasticSignIn
from muniment.search.answer import Order
from muniment.search.parse import parse
from muniment.services.indexing import catch_up, rebuild
from muniment.services.searching import search
from schemas.errors import (
    BadInputError,
    IntegrityError,
    SchemaMismatchError,
    SearchUnavailableError,
    StorageError,
)
from tests.muniment.adapters.search_index.elastic.conftest import CHECKOUT, restarted
from tests.muniment.services.searching.commits import Commits, look, row
from tests.waiting import until

pytestmark = [pytest.mark.elastic, pytest.mark.timeout(900)]


def filled(commits: Commits, count: int) -> Commits:
    """Commit so many new records."""
    first = commits.last * 1_000
    for number in range(first, first + count):
        commits.commit(row(f"x:{number}", f"bins {number}"), look(f"x:{number}", 1, text=f"bins {number}"))
    return commits


def found(index: ElasticIndex) -> int:
    return index.search("borough", parse("bins"), order=Order.NEWEST).versions


def behind(commits: Commits, index: ElasticIndex) -> int:
    answer = search(commits.archive(), index, "borough", "bins", size=1)
    return answer.statement.fresh.behind


def made(admin: Elasticsearch) -> tuple[Any, Any]:
    """Return the mapping of the generation in use, and what of its settings is ours."""
    (index,) = admin.indices.get(index="muniment-borough").values()
    named = index_body()["settings"]["index"]
    told = admin.indices.get_settings(index="muniment-borough", flat_settings=True)
    ((_, settings),) = told.items()
    return index["mappings"], {name: settings["settings"][f"index.{name}"] for name in named}


def test_while_it_is_frozen_nothing_is_lost_and_afterwards_it_catches_up(
    elastic: ElasticIndex, hasty: ElasticIndex, commits: Commits
) -> None:
    catch_up(filled(commits, 3).archive(), elastic, "borough")
    signal_node("8", 1, signal.SIGSTOP)
    try:
        filled(commits, 2)
        with pytest.raises(SearchUnavailableError, match="in time"):
            catch_up(commits.archive(), hasty, "borough")
        with pytest.raises(SearchUnavailableError, match="in time"):
            found(hasty)
    finally:
        signal_node("8", 1, signal.SIGCONT)
    until(lambda: _answers(elastic))
    assert behind(commits, elastic) == 2
    catch_up(commits.archive(), elastic, "borough")
    assert (found(elastic), behind(commits, elastic)) == (5, 0)


def test_while_it_is_stopped_nothing_is_lost_and_afterwards_it_catches_up(
    elastic: ElasticIndex, commits: Commits
) -> None:
    catch_up(filled(commits, 3).archive(), elastic, "borough")
    signal_node("8", 1, signal.SIGKILL)
    filled(commits, 2)
    until(lambda: _refuses(elastic, commits))
    restarted("8", 1)
    until(lambda: _answers(elastic))
    assert (found(elastic), behind(commits, elastic)) == (3, 2)
    until(lambda: not _refuses(elastic, commits))  # the lease has a shard of its own to recover
    assert (found(elastic), behind(commits, elastic)) == (5, 0)


def test_a_full_disk_is_told_searches_answer_behind_and_room_mends_it(
    elastic: ElasticIndex, commits: Commits, admin: Elasticsearch
) -> None:
    catch_up(filled(commits, 3).archive(), elastic, "borough")
    full = {
        "cluster.routing.allocation.disk.threshold_enabled": True,
        # so much must be free: no disk has it, however large and empty
        "cluster.routing.allocation.disk.watermark.low": "9000tb",
        "cluster.routing.allocation.disk.watermark.high": "8000tb",
        "cluster.routing.allocation.disk.watermark.flood_stage": "7000tb",
        "cluster.info.update.interval": "10s",
    }
    admin.cluster.put_settings(persistent=full)
    try:
        until(lambda: _blocked(admin))
        filled(commits, 2)
        with pytest.raises(StorageError, match="full"):
            catch_up(commits.archive(), elastic, "borough")
        assert (found(elastic), behind(commits, elastic)) == (3, 2)
    finally:
        room = {name: value for name, value in full.items() if "watermark" not in name}
        admin.cluster.put_settings(persistent={**dict.fromkeys(full), **room})
    until(lambda: not _blocked(admin))
    admin.cluster.put_settings(persistent=dict.fromkeys(full))
    catch_up(commits.archive(), elastic, "borough")
    assert (found(elastic), behind(commits, elastic)) == (5, 0)


def test_an_alias_that_is_gone_is_built_again_by_the_next_run(
    elastic: ElasticIndex, commits: Commits, admin: Elasticsearch
) -> None:
    catch_up(filled(commits, 3).archive(), elastic, "borough")
    (name,) = admin.indices.get(index="muniment-borough*")
    admin.indices.delete_alias(index=name, name="muniment-borough")
    assert (found(elastic), behind(commits, elastic)) == (0, 3)
    catch_up(commits.archive(), elastic, "borough")
    assert (found(elastic), behind(commits, elastic)) == (3, 0)
    assert name not in admin.indices.get(index="muniment-borough*")


def test_an_index_that_is_gone_is_built_again_by_the_next_run(
    elastic: ElasticIndex, commits: Commits, admin: Elasticsearch
) -> None:
    catch_up(filled(commits, 3).archive(), elastic, "borough")
    for name in admin.indices.get(index="muniment-borough*"):
        admin.indices.delete(index=name)
    filled(commits, 1)
    catch_up(commits.archive(), elastic, "borough")
    assert (found(elastic), behind(commits, elastic)) == (4, 0)


@pytest.mark.parametrize("key", ["analyser", "stemmer", "mapping"])
def test_an_index_of_another_tokeniser_is_refused_until_it_is_rebuilt(
    elastic: ElasticIndex, commits: Commits, admin: Elasticsearch, key: str
) -> None:
    body = index_body()
    body["mappings"]["_meta"] = {"made_by": {**MADE_BY, key: "another"}}
    _stranger(admin, body)
    filled(commits, 2)
    for refused in (
        lambda: elastic.watermark("borough"),
        lambda: found(elastic),
        lambda: catch_up(commits.archive(), elastic, "borough"),
    ):
        with pytest.raises(SchemaMismatchError, match="muniment reindex"):
            refused()
    rebuild(commits.archive(), elastic, "borough")
    assert found(elastic) == 2


def test_a_mapping_that_does_not_take_our_entries_is_told_and_a_rebuild_mends_it(
    elastic: ElasticIndex, commits: Commits, admin: Elasticsearch
) -> None:
    body = index_body()
    body["mappings"]["properties"]["platform"] = {"type": "long"}
    _stranger(admin, body)
    filled(commits, 2)
    with pytest.raises(SchemaMismatchError, match="muniment reindex"):
        catch_up(commits.archive(), elastic, "borough")
    rebuild(commits.archive(), elastic, "borough")
    assert (found(elastic), behind(commits, elastic)) == (2, 0)


def test_an_alias_of_two_indexes_is_never_answered_from(
    elastic: ElasticIndex, commits: Commits, admin: Elasticsearch
) -> None:
    catch_up(filled(commits, 2).archive(), elastic, "borough")
    _stranger(admin, index_body(), number=7)
    with pytest.raises(IntegrityError, match="more than one"):
        elastic.watermark("borough")
    rebuild(commits.archive(), elastic, "borough")
    assert found(elastic) == 2


def test_an_index_that_has_our_name_and_is_not_ours_is_left_alone(
    elastic: ElasticIndex, commits: Commits, admin: Elasticsearch
) -> None:
    admin.indices.create(index="muniment-borough")
    with pytest.raises(SchemaMismatchError, match="did not make it"):
        rebuild(filled(commits, 2).archive(), elastic, "borough")
    assert admin.indices.exists(index="muniment-borough")


def test_a_cluster_that_forbids_costly_queries_is_refused_at_the_start(
    elastic: ElasticIndex, admin: Elasticsearch
) -> None:
    admin.cluster.put_settings(persistent={"search.allow_expensive_queries": False})
    try:
        with pytest.raises(StorageError, match=r"search\.allow_expensive_queries"):
            elastic.watermark("borough")
    finally:
        admin.cluster.put_settings(persistent={"search.allow_expensive_queries": None})
    assert elastic.watermark("borough") == -1


def test_a_rebuild_in_the_middle_of_an_export_ends_it_and_says_try_again(
    elastic: ElasticIndex, commits: Commits
) -> None:
    catch_up(filled(commits, 3).archive(), elastic, "borough")
    every = elastic.every_hit("borough", parse("bins"))
    rebuild(commits.archive(), elastic, "borough")
    with pytest.raises(SearchUnavailableError):
        list(every.batches)


def test_with_our_template_a_stray_write_makes_no_index_and_ours_is_as_ever(
    elastic: ElasticIndex, commits: Commits, admin: Elasticsearch
) -> None:
    catch_up(filled(commits, 3).archive(), elastic, "borough")
    without = made(admin)
    template = json.loads((CHECKOUT / "infra" / "elasticsearch" / "index-template.json").read_bytes())
    admin.indices.put_index_template(name="muniment", body=template)
    try:
        with pytest.raises(NotFoundError, match="no such index"):
            admin.index(index=generation_name("borough", 9), document={"text": "astray"})
        rebuild(commits.archive(), elastic, "borough")
    finally:
        admin.indices.delete_index_template(name="muniment")
    assert (found(elastic), behind(commits, elastic)) == (3, 0)
    assert made(admin) == without


def test_an_address_where_nobody_listens_is_told() -> None:
    index = ElasticIndex(ElasticSignIn(urls=["http://127.0.0.1:1"]), patience_seconds=0.1)
    with pytest.raises(SearchUnavailableError, match="does not answer"):
        index.watermark("borough")
    index.close()


@pytest.mark.parametrize("name", ["Borough", "a-b", "a*"])
def test_a_name_that_could_mean_other_indexes_is_refused(elastic: ElasticIndex, name: str) -> None:
    with pytest.raises(BadInputError):
        elastic.search(name, parse("bins"), order=Order.NEWEST)


def _stranger(admin: Elasticsearch, body: dict[str, Any], number: int = 1) -> None:
    """Make an index that looks like ours, with a watermark of 0."""
    name = f"muniment-borough-v0-g{number}"
    admin.indices.create(index=name, aliases={"muniment-borough": {}}, **body)
    admin.index(index=name, id="mark", document={"mark": 1, "watermark": 0}, refresh=True)


def _blocked(admin: Elasticsearch) -> bool:
    found = admin.indices.get_settings(index="muniment-*", flat_settings=True)
    return any("index.blocks.read_only_allow_delete" in one["settings"] for one in found.values())


def _refuses(index: ElasticIndex, commits: Commits) -> bool:
    try:
        catch_up(commits.archive(), index, "borough")
    except SearchUnavailableError:
        return True
    return False


def _answers(index: ElasticIndex) -> bool:
    try:
        return index.watermark("borough") >= 0
    except SearchUnavailableError:
        return False
