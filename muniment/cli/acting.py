"""Who sits at the command line: the operating system's word, or the name in MUNIMENT_ACTOR beside it."""

import getpass
import os

from muniment.domain.people import Actor
from muniment.settings import Settings

__all__ = ["acting"]


def acting(settings: Settings) -> Actor:
    """Return who acts. A name told by the person never hides the login: the audit keeps both."""
    login = _login()
    if settings.actor is None or settings.actor == login:
        return Actor(name=login)
    return Actor(name=settings.actor, login=login)


def _login() -> str:
    """Return who signed in to the machine: behind sudo that is who called it, not the user it changed to.

    The archive belongs to one user of the machine, as whom everybody runs muniment.
    """
    if caller := os.environ.get("SUDO_USER"):
        return caller
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have a number and no name
        return f"uid {os.getuid()}"
