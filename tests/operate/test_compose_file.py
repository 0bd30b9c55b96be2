"""`infra/compose.yml` by the rules of the Compose specification; it was never started: no Docker is here.

The rules are those of the parts that it uses: services with an image, an environment of plain values, ports
as "address:port:port". A key that is not known here fails, so that what is added is looked up first.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.elasticsearch.servers import SERVERS

FILE = Path(__file__).parents[2] / "infra" / "compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_it_has_services_and_nothing_that_is_out_of_use() -> None:
    assert set(COMPOSE) == {"services"}  # `version` is ignored, and warned of
    assert all(re.fullmatch(r"[a-zA-Z0-9._-]+", name) for name in SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_an_image_plain_settings_and_a_port_of_this_machine_alone(name: str) -> None:
    service = SERVICES[name]
    assert set(service) == {"image", "environment", "ports"}
    assert re.fullmatch(r"[a-z0-9][a-z0-9._/-]*:[\w.-]+", service["image"])
    for key, value in service["environment"].items():
        # YAML reads an unquoted true as a truth value, which Compose refuses in an environment.
        assert isinstance(key, str)
        assert isinstance(value, str)
    for port in service["ports"]:
        found = re.fullmatch(r"127\.0\.0\.1:(\d{2,5}):(\d{2,5})", port)
        assert found is not None, port
        assert int(found[2]) == 9200


def test_the_images_are_the_versions_that_are_tested_without_docker() -> None:
    images = {service["image"] for service in SERVICES.values()}
    assert images == {f"elasticsearch:{SERVERS[name].version}" for name in ("8", "9")}


def test_the_command_in_its_head_asks_the_ports_that_it_opens() -> None:
    told = set(re.findall(r"ELASTIC_(\d)_URLS=http://127\.0\.0\.1:(\d+)", FILE.read_text(encoding="utf-8")))
    opened = {
        (name.rpartition("-")[2], port.split(":")[1])
        for name, service in SERVICES.items()
        for port in service["ports"]
    }
    assert told == opened
