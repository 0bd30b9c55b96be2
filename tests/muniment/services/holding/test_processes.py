"""Two processes on one register: an officer places holds while another process decides disposals."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from muniment.domain.events import HoldPlaced
from muniment.domain.people import SYSTEM
from tests.muniment.services.holding.office import COUNCIL, Office

CHECKOUT = Path(__file__).parents[4]
RECORDS = 40
PLACING = """
import sys
from datetime import UTC, datetime
from muniment.adapters.sql.register import SqlRegister
from muniment.adapters.stub_keys import StubKeys
from pathlib import Path
from tests.muniment.services.holding.office import Office
from tests.muniment.services.searching.commits import Commits, row

register = SqlRegister.open(sys.argv[1], StubKeys(Path(sys.argv[2])))
commits = Commits()
commits.commit(*(row(f"x:{number}", "bins") for number in range(int(sys.argv[3]))))
office = Office(register=register, commits=commits)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    office.place(None, f"x:{number}")
"""


@pytest.mark.parametrize("backwards", [False, True])
def test_a_hold_and_a_disposal_that_race_are_never_both(
    office: Office, tmp_path: Path, *, backwards: bool
) -> None:
    """Each record is either held or intended; what was too late is told so, and nothing is lost between."""
    names = [f"x:{number}" for number in range(RECORDS)]
    url, keys = f"sqlite:///{tmp_path}/register.sqlite", str(tmp_path / "stub_keys")
    office.register.ids_digest(COUNCIL, [])  # the key is made before the other process asks for it
    command = [sys.executable, "-c", PLACING, url, keys, str(RECORDS)]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "ready\n"
        other.stdin.write("go\n")
        other.stdin.flush()
        intended: set[str] = set()
        for name in reversed(names) if backwards else names:
            with office.register.begin(COUNCIL, SYSTEM, now=office.tick()):
                if not len(office.register.held_records(COUNCIL, pa.array([name]))):
                    office.intend(name)
                    intended.add(name)
        assert other.wait(200) == 0
    held = office.resolved()
    assert held | intended == set(names)
    assert not held & intended
    told = [event for event in office.told() if isinstance(event, HoldPlaced)]
    assert sum(event.too_late for event in told) == len(intended)
