"""A link shortener for every short address of the world: `/{host}/{code}` answers 301 to its target.

A client that expands `https://bit.ly/AbC12` is pointed at `{base}/bit.ly/AbC12`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from conformance.fake import Fake, Reply, Request

if TYPE_CHECKING:
    from conformance.world import World

__all__ = ["ShortenerFake"]


class ShortenerFake(Fake):
    """Every known shortener at once; it needs no credential."""

    platform: ClassVar[str] = "short"

    def __init__(self, world: World, *, name: str = "") -> None:
        super().__init__(world, name=name)
        self._targets: dict[str, str] = {}

    @override
    def handle(self, request: Request) -> Reply:
        request.endpoint = "/{host}/{code}"
        target = self._target(request.path.strip("/"))
        if target is None:
            return Reply(status=404, body="<h1>Link not found</h1>")
        return Reply(status=301, headers={"location": self.knobs.link_redirect or target}, body="")

    def _target(self, short: str) -> str | None:
        if short not in self._targets:
            for item in self.world.items():
                for version in item.versions:
                    self._targets.update(
                        (link.url.partition("://")[2], link.target) for link in version.links
                    )
        return self._targets.get(short)
