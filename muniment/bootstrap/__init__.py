"""The composition root: the only place that knows both services and adapters.

`Muniment` is what CLI and flows hold: settings in, services of one council out, made when they are needed.

    stores.py        which index and which files the settings name
    certificates.py  whom the council's network trusts
    process.py       what one process has once: register, index, keys, clients
    store.py         where a council's archive lies, its seals, who acts
    retention.py     what keeps to the schedule: plans, disposal, certificates, transfer
    council.py       a council's services whole, with those that capture
    opening.py       a process with its councils, as commands and flows hold it
    following.py     what the process has that indexes beside capture

Nothing is imported here: that process would import all of it.
"""
