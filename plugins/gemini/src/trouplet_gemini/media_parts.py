"""Images, audio and video as parts of a content.

Data goes inline. An address goes as it is only where Google is known to fetch it: files of its own Files API, videos of
YouTube, and images of which the type is known. Everything else is downloaded here.

Sources: the Gemini API's guides to file input methods, and to images, audio and video (November 2026).
"""

from __future__ import annotations

from posixpath import splitext
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trouplet.errors import Unsupported
from trouplet.messages import ImageBlock, URLSource, VideoBlock
from trouplet_http import LazyMedia

if TYPE_CHECKING:
    from collections.abc import Callable

    from trouplet.messages import MediaBlock
    from trouplet_gemini.turns import Part
    from trouplet_http import MediaLoader

_TYPES = frozenset({
    "image/png", "image/jpeg", "image/webp", "image/heic", "image/heif",
    "audio/wav", "audio/mp3", "audio/mpeg", "audio/aiff", "audio/aac", "audio/ogg", "audio/flac", "audio/mp4",
    "audio/m4a", "audio/opus", "audio/webm", "audio/pcm",
    "video/mp4", "video/mpeg", "video/mov", "video/avi", "video/x-flv", "video/mpg", "video/webm", "video/wmv",
    "video/3gpp", "video/quicktime",
})  # fmt: skip
_NAMES = {"video/x-msvideo": "video/avi", "video/x-ms-wmv": "video/wmv", "audio/x-wav": "audio/wav"}
_FETCHED_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
_YOUTUBE = ("youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be")
_FILES_API = "generativelanguage.googleapis.com"


class MediaParts:
    """Makes the parts of media blocks. ``media`` gives the loader, once there is something to load."""

    def __init__(self, media: Callable[[], MediaLoader] | None) -> None:
        self._media = LazyMedia(media)

    async def part(self, block: MediaBlock) -> Part:
        """Return the part of a block; raises ``BadInput`` or ``Unsupported`` for what cannot be sent."""
        return self._linked(block) or await self.data(block)

    async def data(self, block: MediaBlock) -> Part:
        """Return a block as a part with its data in it."""
        loaded = await self._media.data(block)
        media_type = loaded.media_type.partition(";")[0].strip().lower()
        media_type = _NAMES.get(media_type, media_type)
        if media_type not in _TYPES:
            taken = sorted([name for name in _TYPES if name.startswith(f"{block.type}/")])
            raise Unsupported(
                f"{block.type} of the type {loaded.media_type!r}: gemini takes {', '.join(taken)}",
                provider="gemini",
                fix="Convert it",
            )
        return {"inlineData": {"mimeType": media_type, "data": loaded.base64}}

    def _linked(self, block: MediaBlock) -> Part | None:
        """The block as a reference that Google resolves; None when its data are needed."""
        url = self._media.link(block)
        if url is None or not isinstance(block.source, URLSource):
            return None
        address = urlsplit(url)
        media_type = block.source.media_type or ""
        if address.hostname == _FILES_API or (isinstance(block, VideoBlock) and address.hostname in _YOUTUBE):
            return _file(url, media_type)
        media_type = media_type or _FETCHED_IMAGES.get(splitext(address.path.lower())[1], "")
        if isinstance(block, ImageBlock) and media_type in _FETCHED_IMAGES.values():
            return _file(url, media_type)
        return None


def _file(url: str, media_type: str) -> Part:
    return {"fileData": {"fileUri": url, "mimeType": media_type} if media_type else {"fileUri": url}}
