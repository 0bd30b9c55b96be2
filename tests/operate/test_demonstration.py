"""What the demonstration left behind can be looked at when its sandbox has gone."""

from tests.operate.conftest import Office


def test_the_archive_of_a_sandbox_outlives_it(office: Office) -> None:
    assert office.archive().code == 0
    gone = office.file.read_text(encoding="utf-8").replace(office.stage.url, "http://127.0.0.1:9")
    office.file.write_text(gone, encoding="utf-8")
    assert "10 records" in office.run("search", "bins").said
    assert office.run("coverage").code == 0
    assert office.run("verify").code == 0
    ended = office.run("archive")
    assert ended.code == 5
    assert "Nothing is lost: the next run goes on from here" in ended.said
