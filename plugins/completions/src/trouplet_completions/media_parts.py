"""Images, audio and video as content parts of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import Unsupported
from trouplet.messages import AudioBlock, ImageBlock
from trouplet_http import LazyMedia

if TYPE_CHECKING:
    from collections.abc import Callable

    from trouplet.messages import MediaBlock
    from trouplet_http import LoadedMedia, MediaLoader

_AUDIO_FORMATS = {
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/x-wav": "wav",
    "audio/mp3": "mp3",
    "audio/mpeg": "mp3",
}


class MediaParts:
    """Makes content parts. ``media`` gives the loader, once there is something to load; ``image_detail`` goes with
    every image.
    """

    def __init__(self, media: Callable[[], MediaLoader] | None, *, image_detail: str | None) -> None:
        self._media = LazyMedia(media)
        self._image_detail = image_detail

    async def part(self, block: MediaBlock) -> dict[str, object]:
        """Return the content part of a block; raises ``BadInput`` or ``Unsupported`` for what cannot be sent."""
        if isinstance(block, AudioBlock):
            return input_audio(await self._media.data(block))
        url = self._media.link(block) or (await self._media.data(block)).data_url
        if isinstance(block, ImageBlock):
            image = {"url": url} if self._image_detail is None else {"url": url, "detail": self._image_detail}
            return {"type": "image_url", "image_url": image}
        return {"type": "video_url", "video_url": {"url": url}}


def input_audio(audio: LoadedMedia) -> dict[str, object]:
    """The content part of audio; raises ``Unsupported`` for a type that OpenAI does not take."""
    audio_format = _AUDIO_FORMATS.get(audio.media_type.partition(";")[0].strip().lower())
    if audio_format is None:
        raise Unsupported(f"audio of type {audio.media_type!r}: OpenAI's APIs take wav and mp3", fix="Convert it")
    return {"type": "input_audio", "input_audio": {"data": audio.base64, "format": audio_format}}
