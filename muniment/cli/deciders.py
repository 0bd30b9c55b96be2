"""Who decides about retention at the command line: the person who sits there, in today's roles."""

from muniment.bootstrap.council import CouncilServices
from muniment.services.deciding import Deciding
from muniment.services.reclassifying import Reclassifying

__all__ = ["deciding", "reclassifying"]


def deciding(services: CouncilServices) -> Deciding:
    """Return the person's decisions about schedule, events and cases."""
    return Deciding(retaining=services.retaining, actor=services.actor, record_key=services.record_key)


def reclassifying(services: CouncilServices) -> Reclassifying:
    """Return the person's decisions about single records."""
    return Reclassifying(retaining=services.retaining, actor=services.actor, record_key=services.record_key)
