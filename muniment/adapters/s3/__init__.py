"""A bucket as the archive's home: `files` stands in for the local disk, `media` for its media folder.

`bucket` is boto3's one home, `lease` the archive's lock; `check` and `settings` are what
`muniment store check` tells.
"""
