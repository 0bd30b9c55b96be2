"""How each command is typed: what `--help` shows below its options, and nothing else."""

from typing import Final

import click

__all__ = ["EXAMPLES", "show_examples"]

_HEADING: Final = "\b\nFor example:"

EXAMPLES: Final = """
muniment archive https://news.anytown.gov.uk
muniment archive --account facebook-main
muniment archive --yes
muniment accounts list
muniment accounts check
muniment accounts check --account x-main
muniment accounts asked x-main --on 2024-03-01
muniment accounts confirm x-main
muniment search '"bin collection"' --platform facebook --from 2024-01-01
muniment search 'pothole deleted:yes' --facets
muniment search 'llifogydd OR flood' --csv hits.csv
muniment search --saved foi-2024-113
muniment thread x:1790 --as-of 2024-03-31
muniment searches list
muniment searches save foi-2024-113 '(bin OR recycling) missed' --from 2024-01-01 --case FOI-2024-113
muniment searches drop foi-2024-113
muniment searches report foi-2024-113 --csv hits-by-term.csv
muniment searches suggest foi-2024-113
muniment searches decide foi-2024-113 llifogydd
muniment searches decide foi-2024-113 bind --decline
muniment searches statement foi-2024-113 --accept
muniment searches statement foi-2024-113 --number 1
muniment show x:1790
muniment export /media/stick/archive.jsonl
muniment coverage --from 2026-01-01 --to 2026-03-31 --svg coverage.svg
muniment audit --since 2026-03-01 --by j.smith
muniment audit --what hold
muniment audit --record x:1790
muniment dispose propose
muniment dispose propose --honour
muniment dispose list
muniment dispose list 2026-03-02-1 --csv items.csv
muniment dispose review 2026-03-02-1 keep --is x:1790 --reason "quoted in the inquiry"
muniment dispose review 2026-03-02-1 extend --by class --is PUB-COMMENT --until 2027-03-31 --reason audit
muniment dispose review 2026-03-02-1 transferred --by account --is x-main --reason "accession 2026/117"
muniment dispose send-on 2026-03-02-1
muniment dispose back 2026-03-02-1
muniment dispose approve 2026-03-02-1
muniment dispose cancel 2026-03-02-1 --reason "the schedule is to change"
muniment dispose run 2026-03-02-1 --dry-run
muniment dispose run 2026-03-02-1
muniment dispose run
muniment dispose status 2026-03-02-1
muniment dispose certificate 2026-03-02-1 --pdf certificate.pdf --json certificate.json
muniment dispose copies-ended 2026-03-02-1 --reason "the last tape was wiped"
muniment dispose given-out --kind search-export --on 2025-03-02 --records ids.txt --reason "FOI/25/3, sent"
muniment dispose stubs --to /media/stick/stubs.json
muniment dispose keys
muniment dispose forget-key 3f2a91c0 --reason "the period of its stubs has ended"
muniment dispose new-key
muniment hold place 'bins date:[2025-04-01 TO *]' --kind foi --reference FOI/26/17 --reason request
muniment hold place --records ids.txt --kind litigation --reference CL/7 --reason "letter of claim"
muniment hold list
muniment hold list --due
muniment hold show 12 --records held.txt
muniment hold review 12 --reason "the tribunal has not sat"
muniment hold release 12 --reason "answered; six months since the reply"
muniment people list
muniment people add j.smith --role information-manager --reason "appointed by the head of legal"
muniment people add e.lloyd --team HR --reason "head of HR"
muniment people end p.hall --role records-officer --on 2026-03-31 --reason "left the council"
muniment verify
muniment proof x:1790 --to for-the-court
muniment seal
muniment reread --dry-run
muniment reread
muniment store check
muniment store compact
muniment store stat
muniment store adopt-register --reason "the disk and every backup were lost"
muniment store filter-restored --reason "the disk was lost" --stubs /media/stick/stubs.json
muniment store destroy-audit-texts --before 2020-01-01 --reason "six years have ended"
muniment reindex
muniment reindex --whole
muniment index status
muniment index rebuild
muniment index reconcile
muniment index purge
muniment schedule template anytown.yml
muniment schedule check anytown.yml
muniment schedule list
muniment schedule show
muniment schedule show --version 2
muniment schedule diff anytown.yml
muniment schedule simulate anytown.yml --on 2030-04-01
muniment schedule adopt anytown.yml
muniment schedule due
muniment schedule due --on 2030-04-01
muniment schedule honour
muniment schedule forecast --months 36 --svg forecast.svg
muniment trigger record result_declared --window may-2027 --on 2027-05-07 --reason "the declaration"
muniment trigger record thread_closed --thread x:1790 --on 2026-11-20 --reason "comments closed"
muniment trigger record thread_closed --thread x:1790 --withdraw --reason "opened again"
muniment trigger list
muniment trigger events
muniment trigger window may-27 --kind pre-election --from 2027-03-22 --to 2027-05-06 --reason "the notice"
muniment class show x:1790
muniment class set PUB-ENQUIRY --record x:1790 --reason "a complaint in all but name"
muniment class extend x:1790 --until 2031-06-30 --reason "asked for by the ombudsman"
muniment class approve 12
muniment class list
muniment class link hr-7 --class HR-EVIDENCE --records evidence.txt --reason "disciplinary case"
muniment transfer make /media/stick/anytown-2036-1
muniment transfer verify /media/stick/anytown-2036-1
muniment transfer receive 2036-03-01-1 --receipt "Accession 2036/117"
muniment transfer list
muniment serve
muniment serve --port 4300
muniment why x:1790
muniment why https://x.com/AnytownBC/status/1790 --on 2024-03-31
"""
"""One on each line, of every command at least one."""


def show_examples(group: click.Group) -> None:
    """Put the examples below the help of each command of a group, and of the groups in it."""
    for line in EXAMPLES.strip().splitlines():
        command: click.Command = group
        for word in line.split()[1:]:
            if not isinstance(command, click.Group):
                break
            command = command.commands[word]
        command.epilog = f"{command.epilog or _HEADING}\n  {line}"
