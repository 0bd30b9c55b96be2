"""`muniment verify` counts the search index last: that a view differs is no fault of the archive."""

import shutil

from muniment.adapters.tantivy.index import TantivyIndex
from muniment.search.answer import Order
from muniment.search.tree import Everything, Query
from tests.operate.conftest import Office


def test_an_index_that_lost_a_record_is_told_and_the_archive_is_not_blamed(office: Office) -> None:
    assert office.archive().code == 0
    whole = office.run("verify")
    assert (whole.code, "archive and index agree" in whole.said) == (0, True)

    index = TantivyIndex(office.stage.home / "index")
    page = index.search("smalltown", Query(typed="", tree=Everything()), order=Order.NEWEST, size=1)
    index.apply("smalltown", page.watermark, (), [page.hits[0].record_id])
    lost = office.run("verify")
    assert (lost.code, "Unaltered" in lost.said) == (4, True)
    assert "Run `muniment index rebuild`" in " ".join(lost.said.split())

    assert office.run("index", "rebuild").code == 0
    assert "archive and index agree" in office.run("verify").said


def test_an_index_that_is_missing_is_not_counted(office: Office) -> None:
    assert office.archive().code == 0
    shutil.rmtree(office.stage.home / "index")
    told = office.run("verify")
    assert (told.code, "The search index was not counted" in told.said) == (0, True)
