"""`infra/compose.yml` by the rules of the Compose specification; it was never started: no Docker is here.

The rules are those of the parts that it uses: services with an image, an environment of plain values, a
health check that is a command, ports as "address:port:port". A key that is not known here fails, so that what
is added is looked up first.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.elasticsearch import servers
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
    assert set(service) == {"image", "environment", "healthcheck", "ports"}
    assert re.fullmatch(r"[a-z0-9][a-z0-9._/-]*:[\w.-]+", service["image"])
    for key, value in service["environment"].items():
        # YAML reads an unquoted true as a truth value, which Compose refuses in an environment.
        assert isinstance(key, str)
        assert isinstance(value, str)
    for port in service["ports"]:
        found = re.fullmatch(r"127\.0\.0\.1:(\d{2,5}):(\d{2,5})", port)
        assert found is not None, port
        assert int(found[2]) == 9200


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_up_once_it_answers_as_the_script_waits_for_it(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert set(check) == {"test", "interval", "timeout", "retries"}
    first, *command = check["test"]
    assert first == "CMD"
    assert all(isinstance(word, str) for word in command)
    assert command[-1].startswith("http://127.0.0.1:9200/_cluster/health?")
    assert "/_cluster/health?" in Path(servers.__file__).read_text(encoding="utf-8")
    assert all(re.fullmatch(r"\d+s", check[key]) for key in ("interval", "timeout"))
    assert isinstance(check["retries"], int)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_the_settings_of_a_server_that_the_script_starts(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = dict(SERVICES[name]["environment"])
    heap = told.pop("ES_JAVA_OPTS")
    monkeypatch.delenv("ELASTIC_HEAP", raising=False)
    assert heap == servers.java_options()
    assert told == servers.settings_of(SERVERS[name.rpartition("-")[2]])


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
