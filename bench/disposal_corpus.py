"""An archive that was filled once, copied to where a proof of disposal wants it: to a disk, or into a bucket.

Filling a million records takes minutes; their bytes are the same wherever they lie.
"""

import shutil
from pathlib import Path
from typing import Final

from bench.comments import COUNCIL
from bench.disposal_site import Site

__all__ = ["copy_corpus"]

_EVIDENCE: Final = "seals"
_OWN: Final = frozenset({"lock", "incoming"})
"""What belongs to a lock on a disk and to who holds it."""


def copy_corpus(corpus: Path, site: Site) -> None:
    """Copy archive, media, seals, register and keys; indexes are built where the site wants them."""
    for path in sorted(corpus.iterdir()):
        if path.is_file():
            shutil.copyfile(path, site.root / path.name)
            (site.root / path.name).chmod(0o600)
    if site.server is None:
        shutil.copytree(corpus / COUNCIL, site.root / COUNCIL, ignore=shutil.ignore_patterns(*_OWN))
        return
    files = site.files()
    for path in sorted((corpus / COUNCIL).rglob("*")):
        inside = path.relative_to(corpus / COUNCIL)
        if path.is_dir() or inside.parts[0] in _OWN:
            continue
        put = files.put_evidence if inside.parts[0] == _EVIDENCE else files.put
        put(site.place / inside, path.read_bytes())
