"""Media in messages and in files: what is loaded, as what, and what is refused."""

import asyncio
import os
import socket
import string
import threading
from base64 import b64encode, encodebytes
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trouplet import Kernel
from trouplet.errors import BadInput
from trouplet.messages import AudioBlock, Base64Source, ImageBlock, URLSource, VideoBlock
from trouplet_http import LoadedMedia, MediaLoader, URLPolicy, media_loader
from trouplet_http.media_data import media_of_base64, media_of_data_url

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(64)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(64)
MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(64)


def text(content):
    return b64encode(content).decode()


PADDED = text(PNG + b"x")


def open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def path_block(path, kind=ImageBlock):
    return kind(URLSource(str(path)))


@pytest.fixture
def loader():
    return MediaLoader()


@pytest.fixture
def picture(tmp_path):
    picture = tmp_path / "pictures" / "picture.png"
    picture.parent.mkdir()
    picture.write_bytes(PNG)
    return picture


# In the message itself


async def test_base64_is_passed_on_as_it_is(loader):
    source = Base64Source("image/png", text(PNG))
    media = await loader.data(ImageBlock(source))
    assert media == LoadedMedia("image/png", source.data)
    assert media.data == PNG
    assert media.data_url == f"data:image/png;base64,{source.data}"
    assert source.data not in repr(media)


async def test_white_space_is_taken_out_of_base64(loader):
    media = await loader.data(ImageBlock(Base64Source("image/png", encodebytes(PNG).decode())))
    assert media.base64 == text(PNG)


@pytest.mark.parametrize("data", [
    PADDED.rstrip("="), PADDED[:-1], PADDED + "AAAA", PADDED + "=", text(PNG).replace("+", "-").replace("/", "_"),
    "!" + text(PNG), "%%%",
    text(PNG)[:-5] + "=" + text(PNG)[-4:], "é" + text(PNG), "\xa0" + text(PNG), PADDED + "AA==", "====",
    text(PNG) + "\x00",
])  # fmt: skip
async def test_text_that_is_not_strictly_base64_is_refused(loader, data):
    with pytest.raises(BadInput, match="is not base64"):
        await loader.data(ImageBlock(Base64Source("image/png", data)))


@pytest.mark.parametrize("declared", ["image/jpeg", "image/jpg", "application/octet-stream", "", "nonsense"])
async def test_a_declared_type_that_the_content_contradicts_is_corrected(loader, declared):
    assert (await loader.data(ImageBlock(Base64Source(declared, text(PNG))))).media_type == "image/png"


@pytest.mark.parametrize(
    ("kind", "content"), [(ImageBlock, WAV), (AudioBlock, PNG), (VideoBlock, PNG), (ImageBlock, b"%PDF-1.7")]
)
async def test_content_of_another_kind_than_the_block_is_refused_whatever_is_declared(loader, kind, content):
    with pytest.raises(BadInput, match="Its content is"):
        await loader.data(kind(Base64Source(f"{kind.type}/png", text(content))))


async def test_content_that_shows_no_type_keeps_the_declared_one(loader):
    samples = Base64Source("audio/pcm;rate=24000", text(b"\x01\x02" * 50))
    assert (await loader.data(AudioBlock(samples))).media_type == "audio/pcm;rate=24000"


@pytest.mark.parametrize(
    "declared", ["audio/pcm", "image/svg\r\nx: y", "image/png;base64,AAAA", "image/", "image/a b", ""]
)
async def test_content_that_shows_no_type_needs_a_plain_declared_one_of_its_kind(loader, declared):
    with pytest.raises(BadInput, match="of a known type"):
        await loader.data(ImageBlock(Base64Source(declared, text(b"<svg/>"))))


async def test_an_mp4_in_an_audio_block_is_audio(loader):
    assert (await loader.data(AudioBlock(Base64Source("audio/mp4", text(MP4))))).media_type == "audio/mp4"
    assert (await loader.data(VideoBlock(Base64Source("video/mp4", text(MP4))))).media_type == "video/mp4"


@pytest.mark.parametrize("url", [
    f"data:image/png;base64,{text(PNG)}", f"DATA:image/png;charset=x;BASE64,{text(PNG)}", f"data:;base64,{text(PNG)}",
    f"data:image/jpeg;base64,{text(PNG)}", f"data:image/png,{quote_from_bytes(PNG)}",
    f"data:image/png;base64,{quote_from_bytes(text(PNG).encode(), safe='')}",
    f"data:image/png;base64,{encodebytes(PNG).decode()}",
])  # fmt: skip
async def test_data_urls_are_read_in_all_their_forms(loader, url):
    assert await loader.data(ImageBlock(URLSource(url))) == LoadedMedia("image/png", text(PNG))


@pytest.mark.parametrize(
    "url", ["data:", "data:image/png;base64", "data:image/png;base64,", "data:image/png,", "data:,hello"]
)
async def test_a_data_url_without_media_is_refused(loader, url):
    with pytest.raises(BadInput, match="in a data: URL"):
        await loader.data(ImageBlock(URLSource(url)))


@pytest.mark.parametrize("over", [0, 1])
async def test_the_limit_counts_the_bytes_of_the_medium(tmp_path, over):
    loader = MediaLoader(limit=len(PNG) - over)
    (tmp_path / "a.png").write_bytes(PNG)
    sources = [
        Base64Source("image/png", text(PNG)),
        Base64Source("image/png", encodebytes(PNG).decode()),
        URLSource(f"data:image/png;base64,{text(PNG)}"),
        URLSource(f"data:image/png,{quote_from_bytes(PNG)}"),
        URLSource(str(tmp_path / "a.png")),
    ]
    for source in sources:
        if over:
            with pytest.raises(BadInput, match="more than 1,031 bytes"):
                await loader.data(ImageBlock(source))
        else:
            assert (await loader.data(ImageBlock(source))).data == PNG


def test_text_far_over_the_limit_is_not_even_looked_at():
    with pytest.raises(BadInput, match="more than"):
        media_of_base64(" " * 1_000_000, "image/png", "image", limit=1000, name="the image")


async def test_small_data_needs_no_thread_and_large_data_does_not_hold_up_the_loop(loader):
    async def threads_of(content):
        known = set(threading.enumerate())
        await loader.data(ImageBlock(URLSource(f"data:image/png;base64,{text(content)}")))
        return set(threading.enumerate()) - known

    assert not await threads_of(PNG)
    assert await threads_of(PNG * 1000)


@given(st.binary(max_size=200), st.lists(st.tuples(st.integers(0, 300), st.sampled_from(" \t\r\n")), max_size=10))
def test_white_space_anywhere_changes_nothing(tail, spaces):
    content = PNG[:8] + tail
    data = text(content)
    for place, space in spaces:
        data = data[:place] + space + data[place:]
    media = media_of_base64(data, "image/png", "image", limit=1000, name="the image")
    assert (media.data, media.base64) == (content, text(content))


@given(st.binary(max_size=200), st.data())
def test_one_wrong_character_is_noticed(tail, data):
    good = text(PNG[:8] + tail)
    place = data.draw(st.integers(0, len(good) - 1))
    wrong = data.draw(
        st.characters(exclude_characters=string.ascii_letters + string.digits + "+/=").filter(lambda c: not c.isspace())
    )
    with pytest.raises(BadInput):
        media_of_base64(good[:place] + wrong + good[place + 1 :], "image/png", "image", limit=1000, name="the image")


@given(st.text(max_size=60))
def test_any_data_url_is_read_or_refused(rest):
    try:
        media = media_of_data_url(f"data:{rest}", "image", limit=1000)
    except BadInput:
        return
    assert media.media_type.startswith("image/")
    assert text(media.data) == media.base64


# Files


@pytest.mark.parametrize("form", ["{path}", "file://{path}", "FILE://localhost{path}", "file:{path}"])
async def test_files_are_named_by_path_or_url(loader, picture, form):
    assert await loader.data(path_block(form.format(path=picture))) == LoadedMedia("image/png", text(PNG))


async def test_a_path_may_have_spaces_a_tilde_and_colons(loader, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a: b%20c.png").write_bytes(PNG)
    for form in ("~/a: b%20c.png", "a: b%20c.png", f"file://{tmp_path}/a:%20b%2520c.png"):
        assert (await loader.data(path_block(form))).data == PNG


async def test_the_name_and_the_declared_type_of_a_file_mean_nothing(loader, tmp_path):
    (tmp_path / "really.png").write_bytes(JPEG)
    (tmp_path / "keys.png").write_bytes(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    assert (await loader.data(path_block(tmp_path / "really.png"))).media_type == "image/jpeg"
    with pytest.raises(BadInput, match="no known format"):
        await loader.data(ImageBlock(URLSource(str(tmp_path / "keys.png"), "image/svg+xml")))


async def test_what_is_not_a_regular_file_is_refused_without_waiting(loader, tmp_path):
    os.mkfifo(tmp_path / "fifo.png")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.png"))
        for path in (
            tmp_path,
            tmp_path / "fifo.png",
            tmp_path / "socket.png",
            "/dev/zero",
            "/dev/tty",
            "/proc/self/mem",
        ):
            with pytest.raises(BadInput):
                await asyncio.wait_for(loader.data(path_block(path)), 20)


@pytest.mark.parametrize("address", [
    "/nowhere/at/all.png", "", "\x00", "a\x00.png", "x" * 5000, "~nobody-of-this-name/a.png", "\ud800.png",
    "file://server/share/a.png", "//server/share/a.png", "\\\\server\\share\\a.png", "ftp://server/a.png", "HTTPX://a/",
    "/proc/self/environ", "/etc/passwd",
])  # fmt: skip
async def test_what_cannot_be_read_is_an_input_error(loader, address):
    with pytest.raises(BadInput):
        await loader.data(path_block(address))


async def test_a_huge_sparse_file_is_not_read(loader, tmp_path):
    with (tmp_path / "huge.png").open("wb") as file:
        file.write(PNG)
        file.truncate(1 << 40)
    with pytest.raises(BadInput, match="more than 20,971,520 bytes"):
        await loader.data(path_block(tmp_path / "huge.png"))


async def test_files_can_be_forbidden(picture):
    with pytest.raises(BadInput, match="is a local file"):
        await MediaLoader(local_files=False).data(path_block(picture))


async def test_no_file_descriptor_is_left(loader, tmp_path, picture):
    before = open_descriptors()
    for path in (picture, tmp_path, tmp_path / "none"):
        for each in (loader, MediaLoader(roots=[tmp_path])):
            try:
                await each.data(path_block(path))
            except BadInput:
                continue
    assert open_descriptors() == before


@pytest.fixture
def outside(tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.png").write_bytes(PNG)
    return outside


async def test_beneath_a_root_files_are_read_by_any_of_their_names(tmp_path, picture, monkeypatch):
    (tmp_path / "link").symlink_to(picture.parent)
    (tmp_path / "other-root").symlink_to(tmp_path)
    monkeypatch.chdir(picture.parent)
    for root in (tmp_path, tmp_path / "other-root", picture.parent, "/"):
        loader = MediaLoader(roots=["/nowhere", root])
        for path in (
            picture,
            "picture.png",
            "../pictures/picture.png",
            tmp_path / "link/picture.png",
            picture.as_uri(),
        ):
            assert (await loader.data(path_block(path))).data == PNG


async def test_nothing_is_read_from_outside_of_the_roots(tmp_path, picture, outside):
    root = picture.parent
    (root / "link.png").symlink_to(outside / "secret.png")
    (root / "folder").symlink_to(outside)
    (root / "circle").symlink_to(root / "circle")
    evil = tmp_path / "pictures-evil"
    evil.mkdir()
    (evil / "a.png").write_bytes(PNG)
    loader = MediaLoader(roots=[root])
    paths = [
        outside / "secret.png", root / "link.png", root / "folder/secret.png", root / ".." / "pictures-evil/a.png",
        evil / "a.png", f"/proc/self/root{outside}/secret.png", root / "circle/a.png", root, root / "..", "/",
        f"file://{root}/%2e%2e/pictures-evil/a.png", f"/proc/self/cwd{outside}/secret.png",
    ]  # fmt: skip
    for path in paths:
        with pytest.raises(BadInput):
            await loader.data(path_block(path))


async def test_no_root_at_all_lets_nothing_be_read(picture):
    with pytest.raises(BadInput, match="outside of the folders"):
        await MediaLoader(roots=[]).data(path_block(picture))


@pytest.mark.parametrize("swapped", ["folder", "file"])
async def test_a_link_that_appears_after_the_path_was_checked_leads_nowhere(
    tmp_path, picture, outside, monkeypatch, swapped
):
    (picture.parent / "secret.png").write_bytes(PNG)
    resolve = Path.resolve

    def resolve_and_swap(path, strict=False):
        real = resolve(path, strict)
        if path.name == "secret.png":
            target = picture.parent if swapped == "folder" else path
            target.rename(tmp_path / "moved")
            target.symlink_to(outside if swapped == "folder" else outside / "secret.png")
        return real

    monkeypatch.setattr(Path, "resolve", resolve_and_swap)
    with pytest.raises(BadInput, match="cannot be read"):
        await MediaLoader(roots=[tmp_path]).data(path_block(picture.parent / "secret.png"))


@pytest.mark.battery
def test_ten_thousand_swaps_of_a_folder_for_a_link_let_nothing_escape(tmp_path, outside):
    from trouplet_http.media_files import MediaFiles

    (outside / "secret.png").write_bytes(JPEG)
    real, link, current = tmp_path / "real", tmp_path / "link", tmp_path / "current"
    real.mkdir()
    (real / "secret.png").write_bytes(PNG)
    link.symlink_to(outside)
    stop = threading.Event()

    def swap():
        while not stop.is_set():
            for target in ("real", str(outside)):
                (tmp_path / "next").symlink_to(target)
                (tmp_path / "next").replace(current)

    swapping = threading.Thread(target=swap)
    swapping.start()
    files, seen = MediaFiles(limit=10_000, roots=[tmp_path]), {"image/png": 0, "image/jpeg": 0, "refused": 0}
    try:
        for _ in range(10_000):
            try:
                seen[files.load(str(current / "secret.png"), "image").media_type] += 1
            except BadInput:
                seen["refused"] += 1
    finally:
        stop.set()
        swapping.join()
    assert seen["image/jpeg"] == 0
    assert seen["image/png"] > 0
    assert seen["refused"] > 0


# What may be left to the provider, and the kernel's own loader


@pytest.mark.parametrize(("url", "linked"), [
    ("https://example.com/a.png?b=c", True), ("http://8.8.8.8/a.png", True), ("HTTPS://Example.com/", True),
    ("http://localhost:9000/a.png", False), ("http://a.localhost/", False), ("http://127.0.0.1/a.png", False),
    ("http://minio.corp:9000/a.png", False), ("http://10.0.0.1/", False), ("http://user:pw@example.com/", False),
    ("http://169.254.169.254/", False), ("data:image/png;base64,AAAA", False), ("/a.png", False),
    ("file:///a.png", False), ("ftp://example.com/", False), ("http://", False), ("https://blocked.test/", False),
])  # fmt: skip
def test_only_public_web_addresses_are_left_to_the_provider(url, linked):
    local = ["minio.corp", "127.0.0.1", "10.0.0.0/8", "localhost"]
    loader = MediaLoader(policy=URLPolicy(allow_local=local, block_hosts=["blocked.test"]))
    assert loader.link(path_block(url)) == (url if linked else None)


def test_data_in_the_message_is_not_a_link(loader):
    assert loader.link(ImageBlock(Base64Source("image/png", text(PNG)))) is None


async def test_a_kernel_has_one_loader_and_closes_it():
    closed = []

    class Watched(MediaLoader):
        async def aclose(self):
            closed.append(self)

    async with Kernel(resources={"media": (mine := Watched())}) as kernel:
        assert media_loader(kernel.context("a")) is mine
    assert not closed
    async with Kernel() as kernel:
        loader = media_loader(kernel.context("a"))
        assert media_loader(kernel.context("b")) is loader
        assert (await loader.data(ImageBlock(Base64Source("image/png", text(PNG))))).data == PNG


async def test_the_kernels_loader_closes_its_connections(monkeypatch):
    closed = []
    monkeypatch.setattr(MediaLoader, "aclose", lambda loader: closed.append(loader) or asyncio.sleep(0))
    async with Kernel() as kernel:
        loader = media_loader(kernel.context("a"))
    assert closed == [loader]
