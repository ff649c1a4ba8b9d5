"""The sizes of real images, made by hand in each format."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trouplet_http import image_size

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 640, 480, 8, 2, 0, 0, 0) + struct.pack(">I", 0)
GIF = b"GIF89a" + struct.pack("<HHBBB", 320, 200, 0, 0, 0)
JFIF = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
FRAME = struct.pack(">HBHH", 17, 8, 768, 1024) + b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01"
JPEG = b"\xff\xd8" + JFIF + b"\xff\xff\xc2" + FRAME


def webp(kind, data):
    return b"RIFF" + struct.pack("<I", len(data) + 12) + b"WEBP" + kind + struct.pack("<I", len(data)) + data


LOSSY = webp(b"VP8 ", b"\x30\x01\x00\x9d\x01\x2a" + struct.pack("<HH", 550, 368))
LOSSLESS = webp(b"VP8L", b"\x2f" + struct.pack("<I", (300 - 1) | (200 - 1) << 14))
EXTENDED = webp(b"VP8X", b"\x10\0\0\0" + (4000 - 1).to_bytes(3, "little") + (3000 - 1).to_bytes(3, "little"))


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (PNG, (640, 480)),
        (GIF, (320, 200)),
        (JPEG, (1024, 768)),
        (LOSSY, (550, 368)),
        (LOSSLESS, (300, 200)),
        (EXTENDED, (4000, 3000)),
        (zlib.compress(b"no image"), None),
        (b"", None),
    ],
)
def test_the_size_is_that_of_the_header(content, size):
    assert image_size(content) == size


@given(st.sampled_from([PNG, GIF, JPEG, LOSSY, LOSSLESS, EXTENDED]), st.integers(0, 40), st.binary(max_size=20))
def test_what_is_cut_or_garbled_has_no_size_or_some(content, cut, tail):
    size = image_size(content[:cut] + tail)
    assert size is None or len(size) == 2
