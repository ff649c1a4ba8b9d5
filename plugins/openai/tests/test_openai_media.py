"""Images, audio and video on their way out: what is read, and what is refused."""

import base64
import os

import pytest

from trouplet.errors import BadInput, Unsupported
from trouplet.messages import AudioBlock, Base64Source, ImageBlock, Msg, URLSource, VideoBlock
from trouplet_completions.media_parts import sniff
from trouplet_openai import OpenAIChatFormatter

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 16
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "
MP3 = b"ID3\x04\x00"


async def part(block, **options):
    (message,) = await OpenAIChatFormatter(**options).format([Msg("user", [block])])
    (made,) = message["content"]
    return made


def image(url, media_type=None):
    return ImageBlock(URLSource(str(url), media_type))


def data_url(media_type, data):
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize("url", ["https://x.example/a.png", "HTTP://x.example/a", "data:image/png;base64,aW1n"])
async def test_addresses_pass_through(url):
    assert await part(image(url)) == {"type": "image_url", "image_url": {"url": url}}


async def test_local_files_become_data_with_the_type_of_their_content(tmp_path):
    file = tmp_path / "a file é.jpg"
    file.write_bytes(PNG)
    for url in (file, file.as_uri(), f"file://localhost{file.as_uri().removeprefix('file://')}"):
        assert (await part(image(url)))["image_url"]["url"] == data_url("image/png", PNG)


async def test_the_home_folder_may_be_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.png").write_bytes(PNG)
    assert (await part(image("~/a.png")))["image_url"]["url"] == data_url("image/png", PNG)


async def test_the_detail_goes_with_every_image():
    made = await part(image("https://x.example/a.png"), image_detail="low")
    assert made["image_url"] == {"url": "https://x.example/a.png", "detail": "low"}


@pytest.mark.parametrize(("content", "name"), [(WAV, "wav"), (MP3, "mp3"), (b"\xff\xfb\x90\x00", "mp3")])
async def test_audio_is_sent_as_data(tmp_path, content, name):
    file = tmp_path / "sound"
    file.write_bytes(content)
    expected = {"data": base64.b64encode(content).decode(), "format": name}
    kind = {"wav": "audio/x-wav", "mp3": "audio/mpeg"}[name]
    for source in (
        URLSource(str(file)),
        URLSource(data_url(kind, content)),
        Base64Source(kind, base64.b64encode(content).decode()),
    ):
        assert await part(AudioBlock(source)) == {"type": "input_audio", "input_audio": expected}


async def test_data_that_is_not_base64_becomes_base64():
    made = await part(AudioBlock(URLSource("data:audio/wav,%52IFF")))
    assert made["input_audio"]["data"] == base64.b64encode(b"RIFF").decode()


@pytest.mark.parametrize(
    "block",
    [
        AudioBlock(URLSource("https://x.example/a.mp3")),
        AudioBlock(Base64Source("audio/ogg", "T2dnUw==")),
    ],
)
async def test_what_the_protocol_has_no_place_for_is_refused(block):
    with pytest.raises(Unsupported, match="Chat Completions"):
        await part(block)


async def test_endpoints_that_take_videos_get_them():
    made = await part(VideoBlock(URLSource("https://x.example/a.mp4")))
    assert made == {"type": "video_url", "video_url": {"url": "https://x.example/a.mp4"}}


async def test_a_file_that_is_no_image_is_not_sent(tmp_path):
    secret = tmp_path / "id_rsa"
    secret.write_text("-----BEGIN PRIVATE KEY-----")
    sound = tmp_path / "a.png"
    sound.write_bytes(WAV)
    for file in (secret, sound):
        with pytest.raises(BadInput, match="does not hold image data"):
            await part(image(file, "image/png"))


async def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", "/dev/zero"):
        with pytest.raises(BadInput):
            await part(image(path))


@pytest.mark.parametrize(
    "url", ["/nowhere/a.png", "a\0b", "~nobody-of-that-name/a.png", "file://elsewhere/a.png", "data:x"]
)
async def test_what_cannot_be_read_is_named(url):
    block = AudioBlock(URLSource(url)) if url.startswith("data:") else image(url)
    with pytest.raises(BadInput):
        await part(block)


async def test_a_large_file_is_refused(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(PNG)
    assert await part(image(file), media_limit=len(PNG))
    with pytest.raises(BadInput, match=f"more than {len(PNG) - 1} bytes"):
        await part(image(file), media_limit=len(PNG) - 1)


async def test_local_files_may_be_forbidden(tmp_path):
    file = tmp_path / "a.png"
    file.write_bytes(PNG)
    with pytest.raises(BadInput, match="local_files=False"):
        await part(image(file), local_files=False)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"\x1aE\xdf\xa3", "video/webm"),
        (b"", ""),
        (b"#!/bin/sh", ""),
    ],
)
def test_media_types_are_read_from_the_first_bytes(content, media_type):
    assert sniff(content) == media_type
