"""What the servers need: Elastic's own distribution for plug-in tests, from Maven Central, and a Java for it.

The distribution holds what muniment uses and little else (docs/contribute/elasticsearch.md says what). It is
for tests only and never shipped. Everything already there is left alone: a second run needs no network.
"""

import os
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

from infra.rig.processes import TRIES, RigError, run

__all__ = ["distribution", "distribution_with_keys", "java_home"]

_ARTIFACT = "org.elasticsearch.distribution.integ-test-zip:elasticsearch"
_JAVAS = Path("/usr/lib/jvm")
_OLDEST_JAVA = {"8": 17, "9": 21}


def distribution(home: Path, version: str) -> Path:
    """Return the folder of an Elasticsearch of this version, fetched when it is not there.

    Raises:
        RigError: Maven is not installed, or could not fetch it.
    """
    folder = home / "tools" / f"elasticsearch-{version}"
    if (folder / "bin" / "elasticsearch").exists():
        return folder
    archive = _fetched(home, version)
    draft = home / "tools" / f"draft-{version}"
    shutil.rmtree(draft, ignore_errors=True)
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            path = Path(packed.extract(member, draft))
            # Everybody may read it: the server runs as somebody else. The archive says what can be executed.
            executable = path.is_dir() or (member.external_attr >> 16) & 0o100
            path.chmod(0o755 if executable else 0o644)
    (draft / f"elasticsearch-{version}").replace(folder)
    shutil.rmtree(draft)
    return folder


def distribution_with_keys(home: Path, version: str) -> Path:
    """Return the folder of an Elasticsearch that can make API keys: with the analysis that it lacks for them.

    Raises:
        RigError: Something could not be fetched, or there is no Java compiler.
    """
    folder = home / "tools" / f"elasticsearch-{version}-keys"
    if folder.exists():
        return folder
    whole = distribution(home, version)
    draft = home / "tools" / f"draft-{version}-keys"
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(whole, draft, copy_function=os.link)
    plugin = draft / "plugins" / "email-analysis"
    plugin.mkdir(parents=True)
    source = Path(__file__).parent / "email_analysis" / "EmailAnalysis.java"
    classes = home / "tools" / "email-analysis"
    log = home / "log" / "javac.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    java = java_home(version)
    if not (java / "bin" / "javac").exists():
        raise RigError(f"{java} has no compiler: the server `secure` needs a JDK, not only a Java runtime")
    run(
        "javac",
        [java / "bin" / "javac", "-cp", f"{whole}/lib/*", "-d", classes, source],
        log=log,
        seconds=120,
    )
    with zipfile.ZipFile(plugin / "email-analysis.jar", "w") as jar:
        for compiled in sorted(classes.rglob("*.class")):
            jar.write(compiled, compiled.relative_to(classes))
    (plugin / "plugin-descriptor.properties").write_text(
        "name=email-analysis\n"
        "description=what the index of API keys is made with\n"
        f"version={version}\nelasticsearch.version={version}\n"
        f"java.version={_OLDEST_JAVA[version.partition('.')[0]]}\n"
        "classname=muniment.tests.EmailAnalysis\n",
        encoding="utf-8",
    )
    for path in (plugin, *plugin.parents[:1], *plugin.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    draft.replace(folder)
    return folder


def java_home(version: str) -> Path:
    """Return the oldest Java on this machine that runs this version: it is the one most tried with it.

    Raises:
        RigError: There is none.
    """
    oldest = _OLDEST_JAVA[version.partition(".")[0]]
    found = sorted((_java_version(path), path) for path in _javas())
    fitting = [path for number, path in found if number >= oldest]
    if not fitting:
        raise RigError(
            f"Elasticsearch {version} needs Java {oldest} or newer: install a JDK of your distribution "
            f"(Debian 12 has openjdk-17-jdk-headless; newer ones are Eclipse Temurin's), or set JAVA_HOME"
        )
    return fitting[0]


def _fetched(home: Path, version: str) -> Path:
    local = Path(os.environ.get("MAVEN_REPOSITORY") or Path.home() / ".m2" / "repository")
    folder = local.joinpath(*re.split(r"[.:]", _ARTIFACT), version)
    archive = folder / f"elasticsearch-{version}.zip"
    if not archive.exists():
        if shutil.which("mvn") is None:
            raise RigError("Maven fetches Elasticsearch: install it (Debian: apt-get install maven)")
        print(f"elasticsearch: fetching {version}, about 100 MB", flush=True)
        command = ["mvn", "-q", "-B", "dependency:get", f"-Dartifact={_ARTIFACT}:{version}:zip"]
        command += ["-Dtransitive=false", f"-Dmaven.repo.local={local}"]
        log = home / "log" / "maven.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        run("mvn dependency:get", command, log=log, seconds=600, tries=TRIES)
    return archive


def _javas() -> set[Path]:
    named = [Path(path) for path in [os.environ.get("JAVA_HOME", "")] if path]
    return {path.resolve() for path in [*named, *_JAVAS.glob("*")] if (path / "bin" / "java").exists()}


def _java_version(path: Path) -> int:
    release = path / "release"
    if release.exists():
        told = release.read_text(encoding="utf-8")
    else:
        told = subprocess.run(
            [path / "bin" / "java", "-version"], capture_output=True, text=True, check=False
        ).stderr
    found = re.search(r'"(\d+)[.\d]*', told)
    return int(found[1]) if found else 0
