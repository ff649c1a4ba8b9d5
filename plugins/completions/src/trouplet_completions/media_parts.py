"""Images, audio and video as content parts of a message.

What is sent is what the block says it is: a local file is read only when it is a regular file below the limit, and only
when its first bytes are those of a known media type. A history that came from elsewhere and names ``/etc/passwd`` as an
image is refused.
"""

from __future__ import annotations

import asyncio
import os
import stat
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from trouplet.errors import BadInput, Unsupported
from trouplet.messages import AudioBlock, Base64Source, ImageBlock

if TYPE_CHECKING:
    from trouplet.messages import MediaBlock, URLSource

MEDIA_LIMIT = 20 * 1024 * 1024
"""Bytes of one local file; OpenAI takes 50 MB for a whole request."""

_AUDIO_FORMATS = {
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/x-wav": "wav",
    "audio/mp3": "mp3",
    "audio/mpeg": "mp3",
}


class MediaParts:
    """Makes content parts. ``image_detail`` goes with every image."""

    def __init__(self, *, local_files: bool, limit: int, image_detail: str | None) -> None:
        self._local_files = local_files
        self._limit = limit
        self._image_detail = image_detail

    async def part(self, block: MediaBlock) -> dict[str, object]:
        """Return the content part of a block; raises ``BadInput`` or ``Unsupported`` for what cannot be sent."""
        if isinstance(block, AudioBlock):
            return await self._audio(block)
        url = await self._url(block)
        if isinstance(block, ImageBlock):
            image = {"url": url} if self._image_detail is None else {"url": url, "detail": self._image_detail}
            return {"type": "image_url", "image_url": image}
        return {"type": "video_url", "video_url": {"url": url}}

    async def _url(self, block: MediaBlock) -> str:
        """The address that the provider gets: the block's own, or its data in a ``data:`` URL."""
        source = block.source
        if not isinstance(source, Base64Source) and _scheme(source.url) in ("http", "https", "data"):
            return source.url
        media_type, data = await self._data(block)
        return f"data:{media_type};base64,{data}"

    async def _audio(self, block: AudioBlock) -> dict[str, object]:
        media_type, data = await self._data(block)
        audio_format = _AUDIO_FORMATS.get(media_type.partition(";")[0].strip().lower())
        if audio_format is None:
            raise Unsupported(f"audio of type {media_type!r}: Chat Completions take wav and mp3", fix="Convert it")
        return {"type": "input_audio", "input_audio": {"data": data, "format": audio_format}}

    async def _data(self, block: MediaBlock) -> tuple[str, str]:
        """The media type and the base64 text of a block."""
        source = block.source
        if isinstance(source, Base64Source):
            return source.media_type, source.data
        scheme = _scheme(source.url)
        if scheme == "data":
            return _data_url(source.url)
        if scheme in ("http", "https"):
            raise Unsupported(
                f"{block.type} by web address: Chat Completions take only its data",
                fix="Download it and give a path or a Base64Source",
            )
        return await self._file(block.type, source)

    async def _file(self, kind: str, source: URLSource) -> tuple[str, str]:
        if not self._local_files:
            raise BadInput(f"the local file {source.url!r} in a message", fix="This formatter has local_files=False")
        # A thread: the file may be large, on a slow disk, or on a network.
        return await asyncio.to_thread(_read, _path(source.url), kind, self._limit)


def _scheme(url: str) -> str:
    scheme = url.partition(":")[0].lower()
    return scheme if scheme in ("http", "https", "data", "file") else ""


def _path(url: str) -> str:
    if _scheme(url) != "file":
        return url
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise BadInput(f"{url!r} names a file on another machine", fix="Give the path of a local file")
    from urllib.request import url2pathname

    return url2pathname(parts.path)


def _data_url(url: str) -> tuple[str, str]:
    head, comma, data = url.partition(",")
    media_type, *parameters = head[len("data:") :].split(";")
    if not comma:
        raise BadInput(f"{url[:40]!r} is not a data: URL", fix="Write data:image/png;base64,...")
    if "base64" not in parameters:
        data = b64encode(unquote(data, "latin-1").encode("latin-1")).decode()
    return media_type or "text/plain", data


def _read(path: str, kind: str, limit: int) -> tuple[str, str]:
    """Read a media file as (media type, base64 text)."""
    try:
        with open(Path(path).expanduser(), "rb", opener=_open) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise BadInput(f"the {kind} {path!r} is not a file")
            content = file.read(limit + 1)
    except (OSError, ValueError, RuntimeError) as error:
        raise BadInput(f"the {kind} {path!r} cannot be read", why=str(error)) from error
    if len(content) > limit:
        raise BadInput(f"the {kind} {path!r} has more than {limit} bytes", fix="Make it smaller, or raise media_limit")
    media_type = sniff(content)
    if not media_type.startswith(kind + "/"):
        raise BadInput(f"{path!r} does not hold {kind} data of a known type")
    return media_type, b64encode(content).decode()


def _open(path: str, flags: int) -> int:
    # Not blocking, so that a FIFO that nobody writes to is refused and not waited for.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"ID3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)


def sniff(content: bytes) -> str:
    """The media type that the first bytes say; empty when they say none."""
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    if content[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(content[8:12], "")
    if content[4:8] == b"ftyp":
        return "video/quicktime" if content[8:12] == b"qt  " else "video/mp4"
    # An MPEG audio frame: eleven set bits, then layer III.
    if len(content) > 1 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2:
        return "audio/mpeg"
    return ""
