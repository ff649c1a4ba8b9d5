"""Images, audio and video as parts of a message; how they are loaded is the matter of ``trouplet_http.media``."""

import base64

import pytest

from trouplet.errors import BadInput, Unsupported
from trouplet.messages import AudioBlock, Base64Source, ImageBlock, Msg, URLSource, VideoBlock
from trouplet_completions import ChatCompletionsFormatter
from trouplet_http import MediaLoader

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 16
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "
OGG = b"OggS\x00\x02" + b"\x00" * 22 + b"\x01vorbis"


async def part(block, **options):
    (message,) = await ChatCompletionsFormatter(**options).format([Msg("user", [block])])
    (made,) = message["content"]
    return made


def encoded(content):
    return base64.b64encode(content).decode()


async def test_public_addresses_are_left_to_the_provider():
    made = await part(ImageBlock(URLSource("https://x.example/a.png")), image_detail="low")
    assert made == {"type": "image_url", "image_url": {"url": "https://x.example/a.png", "detail": "low"}}
    made = await part(VideoBlock(URLSource("https://x.example/a.mp4")))
    assert made == {"type": "video_url", "video_url": {"url": "https://x.example/a.mp4"}}


async def test_anything_else_is_sent_as_data(tmp_path):
    file = tmp_path / "a.jpg"
    file.write_bytes(PNG)
    for source in (URLSource(str(file)), Base64Source("image/png", encoded(PNG))):
        made = await part(ImageBlock(source))
        assert made == {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{encoded(PNG)}"}}


async def test_audio_says_its_format(tmp_path):
    file = tmp_path / "sound"
    file.write_bytes(WAV)
    made = await part(AudioBlock(URLSource(str(file))))
    assert made == {"type": "input_audio", "input_audio": {"data": encoded(WAV), "format": "wav"}}


async def test_audio_of_another_type_is_refused():
    with pytest.raises(Unsupported, match="wav and mp3"):
        await part(AudioBlock(Base64Source("audio/ogg", encoded(OGG))))


async def test_the_loader_of_the_host_decides_what_is_read(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(PNG)
    with pytest.raises(BadInput, match="local_files"):
        await part(ImageBlock(URLSource(str(file))), media=lambda: MediaLoader(local_files=False))
