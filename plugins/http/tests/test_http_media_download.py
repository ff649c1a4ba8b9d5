"""Media from the web: sizes, times, redirects, and what a server may say without being believed."""

import asyncio
from base64 import b64decode

import httpx
import pytest

from trouplet.errors import BadInput, ConnectionFailed, DeadlineExceeded
from trouplet.messages import AudioBlock, ImageBlock, URLSource
from trouplet_http import MediaLoader, PolicyTransport, URLPolicy, URLRefused

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


def image(url):
    return ImageBlock(URLSource(url))


@pytest.fixture
async def make_loader():
    """Make loaders that may download from 127.0.0.1 and nowhere else that is local."""
    loaders = []

    def make(**options):
        loaders.append(MediaLoader(**{"policy": URLPolicy(allow_local=["127.0.0.1"]), "deadline": 20.0} | options))
        return loaders[-1]

    yield make
    for loader in loaders:
        await loader.aclose()


async def test_an_image_is_what_its_bytes_say_and_not_its_content_type(faults, wire, make_loader):
    faults.answers = [wire.response(PNG, kind="text/html")]
    media = await make_loader().data(image(f"{faults.url}/picture?size=2"))
    assert (media.media_type, media.data) == ("image/png", PNG)
    assert faults.requests[0].path == "/picture?size=2"


async def test_a_download_sends_no_cookies_and_asks_for_no_compression(faults, wire, make_loader):
    faults.answers = [wire.response(PNG, headers={"set-cookie": "a=b"})]
    loader = make_loader()
    for _ in range(2):
        await loader.data(image(faults.url))
    headers = faults.requests[1].headers
    assert headers["accept-encoding"] == "identity"
    assert headers["accept"] == "image/*"
    assert not {"cookie", "authorization", "referer"} & headers.keys()
    assert faults.connections == 1


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"RIFF\x00\x00\x00\x00WAVE" + bytes(64), b"%PDF-1.7", b""])
async def test_what_is_not_of_the_kind_of_the_block_is_refused(faults, wire, make_loader, body):
    faults.answers = [wire.response(body, kind="image/png")]
    with pytest.raises(BadInput, match=r"does not hold image data|is empty"):
        await make_loader().data(image(faults.url))


async def test_a_download_without_a_length_is_cut_off_at_the_limit(faults, wire, make_loader):
    async def endless(exchange):
        await exchange.send(wire.head("image/png") + wire.chunk(PNG))
        while not exchange.reader.at_eof():
            await exchange.send(wire.chunk(bytes(4096)))

    faults.answers = [endless]
    with pytest.raises(BadInput, match="more than 100,000 bytes"):
        await make_loader(limit=100_000).data(image(faults.url))
    await asyncio.wait_for(faults.closed.wait(), 10)


async def test_a_download_that_says_that_it_is_too_long_is_not_read(faults, make_loader):
    faults.answers = [b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\n" + PNG]
    with pytest.raises(BadInput, match="more than 1,000,000 bytes"):
        await make_loader(limit=1_000_000).data(image(faults.url))


async def test_a_download_may_have_exactly_as_many_bytes_as_the_limit(faults, wire, make_loader):
    faults.answers = [wire.response(PNG)]
    assert (await make_loader(limit=len(PNG)).data(image(faults.url))).data == PNG
    with pytest.raises(BadInput, match="more than"):
        await make_loader(limit=len(PNG) - 1).data(image(faults.url))


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "unheard-of"])
async def test_a_compressed_download_is_refused(faults, wire, make_loader, encoding):
    faults.answers = [wire.response(PNG, headers={"content-encoding": encoding})]
    with pytest.raises(BadInput, match="is compressed"):
        await make_loader().data(image(faults.url))


async def test_bytes_that_drip_in_do_not_go_on_past_the_deadline(faults, wire, make_loader):
    async def drip(exchange):
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
        await exchange.drip(PNG, 0.05)

    faults.answers = [drip]
    with pytest.raises(DeadlineExceeded, match=r"within 0\.3 s"):
        await make_loader(deadline=0.3).data(image(faults.url))
    await asyncio.wait_for(faults.closed.wait(), 10)


async def test_a_server_that_never_answers_meets_the_deadline(faults, make_loader):
    async def stall(exchange):
        await exchange.stall()

    faults.answers = [stall]
    with pytest.raises(DeadlineExceeded):
        await make_loader(deadline=0.3).data(image(faults.url))
    await asyncio.wait_for(faults.closed.wait(), 10)


async def test_a_name_that_is_never_resolved_meets_the_deadline(make_loader):
    async def never(host, port):
        await asyncio.Event().wait()

    with pytest.raises(DeadlineExceeded):
        await make_loader(deadline=0.3, transport=PolicyTransport(URLPolicy(), resolve=never)).data(
            image("http://a.test")
        )


async def test_the_callers_own_timeout_stays_the_callers(faults, make_loader):
    async def stall(exchange):
        await exchange.stall()

    faults.answers = [stall]
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.2):
            await make_loader().data(image(faults.url))
    assert not isinstance(caught.value, DeadlineExceeded)
    await asyncio.wait_for(faults.closed.wait(), 10)


def redirect(location, status=302):
    return f"HTTP/1.1 {status} Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(faults, wire, make_loader, status):
    faults.answers = [redirect("/b?c=d", status), redirect(f"{faults.url}/e#f", status), wire.response(PNG)]
    assert (await make_loader().data(image(f"{faults.url}/a"))).data == PNG
    assert [request.path for request in faults.requests] == ["/a", "/b?c=d", "/e"]


async def test_redirects_have_an_end(faults, make_loader):
    faults.answers = [redirect("/again")]
    with pytest.raises(BadInput, match="more than 3 redirects"):
        await make_loader(max_redirects=3).data(image(faults.url))
    assert len(faults.requests) == 4


@pytest.mark.parametrize("target", [
    "http://127.0.0.2:{port}/", "//127.0.0.2:{port}/", "http://127.0.0.1.:{port}/", "http://2130706433:{port}/",
    "http://[::1]:{port}/", "http://169.254.169.254/", "file:///etc/passwd", "ftp://x/",
    "http://user@127.0.0.1:{port}/", "http://[", "", "data:image/png;base64,AAAA", "http://0x7f.1:{port}/",
])  # fmt: skip
async def test_a_redirect_to_what_the_policy_does_not_allow_is_not_followed(faults, make_loader, target):
    port = faults.url.rpartition(":")[2]
    faults.answers = [redirect("/second"), redirect(target.format(port=port))]
    with pytest.raises(BadInput):
        await make_loader().data(image(faults.url))
    assert [request.path for request in faults.requests] == ["/", "/second"]


async def test_by_default_nothing_local_is_connected_to(faults, wire):
    faults.answers = [wire.response(PNG)]
    loader = MediaLoader()
    port = faults.url.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.1", "0.0.0.0"):
        with pytest.raises(URLRefused):
            await loader.data(image(f"http://{host}:{port}/"))
    await loader.aclose()
    assert faults.connections == 0


@pytest.mark.parametrize(("status", "error"), [
    (404, BadInput), (403, BadInput), (204, BadInput), (206, BadInput), (304, BadInput), (500, ConnectionFailed),
    (429, ConnectionFailed), (503, ConnectionFailed),
])  # fmt: skip
async def test_only_a_whole_answer_is_an_answer(faults, wire, make_loader, status, error):
    faults.answers = [wire.response(PNG, status=status)]
    with pytest.raises(error, match=f"HTTP status {status}") as caught:
        await make_loader().data(image(faults.url))
    assert getattr(caught.value, "retryable", False) is (error is ConnectionFailed)


async def test_a_download_that_breaks_off_is_no_medium(faults, make_loader):
    async def half(exchange):
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + PNG)
        exchange.close()

    faults.answers = [half]
    with pytest.raises(ConnectionFailed, match="could not be downloaded"):
        await make_loader().data(image(faults.url))


async def test_no_error_holds_the_query(faults, wire, make_loader):
    faults.answers = [wire.response(b"text")]
    secret = "?X-Amz-Signature=hunter22"
    gone = "http://127.0.0.1:9/a.png"
    for address in (f"{faults.url}/a.png{secret}", gone + secret, f"http://10.0.0.1/{secret}", f"http://h:1/{secret}"):
        with pytest.raises((BadInput, ConnectionFailed)) as caught:
            await make_loader().data(image(address))
        error: BaseException | None = caught.value
        while error is not None:
            assert "hunter22" not in f"{error} {error!r} {vars(error)}"
            error = error.__cause__ or error.__context__


async def test_a_transport_of_the_host_takes_the_place_of_the_policys(make_loader):
    asked = []

    def answer(request):
        asked.append(str(request.url))
        return (
            httpx.Response(302, headers={"location": "http://10.0.0.1/"})
            if len(asked) > 1
            else httpx.Response(200, content=PNG)
        )

    loader = make_loader(transport=httpx.MockTransport(answer))
    assert (await loader.data(image("https://behind-a-proxy.test/a.png"))).data == PNG
    with pytest.raises(URLRefused):
        await loader.data(image("https://behind-a-proxy.test/b.png"))
    assert asked == ["https://behind-a-proxy.test/a.png", "https://behind-a-proxy.test/b.png"]


async def test_a_large_download_arrives_whole(faults, wire, make_loader):
    wav = b"RIFF\x00\x00\x00\x00WAVE" + bytes(3_000_000)
    faults.answers = [wire.response(wav)]
    media = await make_loader().data(AudioBlock(URLSource(faults.url)))
    assert media.media_type == "audio/wav"
    assert b64decode(media.base64) == wav
