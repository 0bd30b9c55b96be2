"""The command line: thin, one module for each group of commands. It never imports Prefect.

Exit codes (docs/operate/exit-codes.md): 0 done; 2 what was given cannot be used; 3 a rule said no, or a
person must confirm; 4 the evidence does not hold; 5 done in part: gaps are recorded; 6 a person must look.
"""

from muniment.cli.main import main

__all__ = ["main"]
