"""The bar of a flow: a server that does not answer costs the flow nothing."""

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.progress import Progress


@pytest.mark.filterwarnings("ignore::FutureWarning")  # it is asked outside a flow here
def test_a_server_that_does_not_answer_holds_nothing_up() -> None:
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        progress = Progress("packing", "smalltown")
        progress.tell(1, 2)
