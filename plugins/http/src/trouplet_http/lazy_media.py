"""A media loader that is there when it is needed: most conversations hold no media, and loading it costs an import."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from trouplet.messages import MediaBlock
    from trouplet_http.media import LoadedMedia, MediaLoader


class LazyMedia:
    """Loads media with the loader that ``media`` gives, asked for once; without it, with one of the default limits."""

    def __init__(self, media: Callable[[], MediaLoader] | None) -> None:
        self._media = media

    async def data(self, block: MediaBlock) -> LoadedMedia:
        """Return the content of a block; see ``MediaLoader.data``."""
        return await self._loader.data(block)

    def link(self, block: MediaBlock) -> str | None:
        """Return the address of a block if the provider may be given it; see ``MediaLoader.link``."""
        return self._loader.link(block)

    @cached_property
    def _loader(self) -> MediaLoader:
        if self._media is not None:
            return self._media()
        from trouplet_http.media import MediaLoader

        return MediaLoader()
