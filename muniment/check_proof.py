"""Check the proof of one record, by `python check_proof.py proof.json`.

Needs Python 3.11 and the package "cryptography", nothing of muniment. It says, for every exhibit in the
proof, whether its bytes are those that were sealed, by which key and when. Compare the public key with
the one that the council has published. A file of media is checked with: sha256sum FILE
"""

import base64
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["check", "leaf_of", "main", "root_of"]


def leaf_of(exhibit: dict[str, Any]) -> bytes:
    """SHA-256 over 0x00, the salt, and each piece behind its length (8 bytes, big end first)."""
    digest = hashlib.sha256(b"\x00" + bytes.fromhex(exhibit["salt"]))
    for piece in (exhibit["header"], *exhibit["parts"]):
        raw = base64.b64decode(piece)
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.digest()


def root_of(leaf: bytes, path: list[list[str]]) -> bytes:
    """Go up the tree: each pair is SHA-256 over 0x01, the left, the right."""
    for side, beside in path:
        other = bytes.fromhex(beside)
        pair = other + leaf if side == "left" else leaf + other
        leaf = hashlib.sha256(b"\x01" + pair).digest()
    return leaf


def check(proof: dict[str, Any], tell: Callable[[str], None] = lambda _told: None) -> list[str]:
    """Return what is wrong; nothing is: an empty list. `tell` hears what is proved of each exhibit."""
    faults = []
    seals = {}
    for seal in proof["seals"]:
        body = seal["body"].encode()
        told = json.loads(body)
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["public_key"]))
            key.verify(bytes.fromhex(seal["signature"]), body)
        except (InvalidSignature, ValueError):
            faults.append(f"seal {told['number']}: the signature is not of these words")
        if told["public_key"] != proof["public_key"]:
            faults.append(f"seal {told['number']}: signed with another key")
        seals[told["number"]] = told
    for number, exhibit in enumerate(proof["exhibits"], start=1):
        name = f"exhibit {number} ({exhibit['what']})"
        seal = seals.get(exhibit["seal"])
        said = json.loads(base64.b64decode(exhibit["header"]))
        if said["record_id"] in proof.get("also_named", ()):
            tell(f"{name}: was kept under the name {said['record_id']}")
        elif said["record_id"] != proof["record_id"]:
            faults.append(f"{name}: speaks of another record")
        if seal is None:
            faults.append(f"{name}: not sealed yet")
        elif root_of(leaf_of(exhibit), exhibit["path"]) != bytes.fromhex(seal["root"]):
            faults.append(f"{name}: is not what was sealed")
        else:
            clock = " by the sandbox clock" if seal["sandbox_clock"] else ""
            tell(f"{name}: sealed {seal['sealed_at']}{clock}, seal {seal['number']} of {seal['council']}")
    if not proof["exhibits"]:
        faults.append("the proof holds no exhibit")
    return faults


def main(arguments: list[str]) -> int:
    """Print what is proved; return the exit code."""
    if len(arguments) != 1:
        print("usage: python check_proof.py proof.json")
        return 2
    proof = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    faults = check(proof, print)
    print(f"record {proof['record_id']}, public key {proof['public_key']}")
    for fault in faults:
        print("NOT PROVED:", fault)
    if not faults:
        print("PROVED")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
