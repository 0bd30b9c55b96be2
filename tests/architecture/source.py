"""The syntax tree of a file of ours, read with Python's collector at rest.

CPython 3.11 counts the depth of a tree in one place for all threads. When the collector runs while a tree is
made, whoever listens to it (Hypothesis does) lets other threads in; where one of them makes a tree too the
count is wrong: `SystemError: AST constructor recursion depth mismatch`, of a file with no fault.
"""

import ast
import gc
from pathlib import Path

__all__ = ["parsed"]


def parsed(path: Path) -> ast.Module:
    """Return the tree of a file."""
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.enable()
