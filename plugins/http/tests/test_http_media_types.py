"""The media type that content has by its first bytes."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trouplet_http import sniff


def boxes(brand, *compatible):
    body = brand + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(body) + 8) + b"ftyp" + body + bytes(64)


def bitmap(header_size=40):
    return b"BM" + struct.pack("<IHHII", 1000, 0, 0, 54, header_size) + bytes(64)


def ebml(doctype):
    return b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82" + bytes((0x80 | len(doctype),)) + doctype + bytes(64)


KNOWN = [
    (b"\x89PNG\r\n\x1a\n" + bytes(64), "image/png"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(64), "image/jpeg"),
    (b"GIF87a" + bytes(64), "image/gif"),
    (b"GIF89a" + bytes(64), "image/gif"),
    (b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(64), "image/webp"),
    (bitmap(), "image/bmp"),
    (b"II*\x00\x08\x00\x00\x00" + bytes(64), "image/tiff"),
    (b"MM\x00*\x00\x00\x00\x08" + bytes(64), "image/tiff"),
    (boxes(b"heic", b"mif1"), "image/heic"),
    (boxes(b"mif1", b"mif1", b"heic"), "image/heic"),
    (boxes(b"mif1", b"mif1", b"avif"), "image/avif"),
    (boxes(b"mif1", b"mif1"), "image/heif"),
    (boxes(b"avif", b"mif1"), "image/avif"),
    (b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(64), "audio/wav"),
    (b"RF64\xff\xff\xff\xffWAVEds64" + bytes(64), "audio/wav"),
    (b"ID3\x04\x00\x00\x00\x00\x02\x01" + bytes(64), "audio/mpeg"),
    (b"\xff\xfb\x90\x64" + bytes(64), "audio/mpeg"),
    (b"\xff\xf3\x40\xc4" + bytes(64), "audio/mpeg"),
    (b"\xff\xf1\x50\x80" + bytes(64), "audio/aac"),
    (b"fLaC\x00\x00\x00\x22" + bytes(64), "audio/flac"),
    (b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead" + bytes(64), "audio/ogg"),
    (boxes(b"M4A ", b"isom"), "audio/mp4"),
    (b"FORM\x00\x00\x10\x00AIFFCOMM" + bytes(64), "audio/aiff"),
    (b"#!AMR\n" + bytes(64), "audio/amr"),
    (boxes(b"isom", b"mp42"), "video/mp4"),
    (boxes(b"qt  "), "video/quicktime"),
    (b"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat" + bytes(64), "video/quicktime"),
    (boxes(b"3gp5"), "video/3gpp"),
    (ebml(b"webm"), "video/webm"),
    (ebml(b"matroska"), "video/x-matroska"),
    (b"RIFF\x24\x00\x00\x00AVI LIST" + bytes(64), "video/x-msvideo"),
    (b"\x00\x00\x01\xba\x44" + bytes(64), "video/mpeg"),
    ((b"\x47" + bytes(187)) * 5, "video/mp2t"),
    (b"FLV\x01\x05" + bytes(64), "video/x-flv"),
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(64), "video/x-ms-wmv"),
    (b"%PDF-1.7\n", "application/pdf"),
]


@pytest.mark.parametrize(("content", "media_type"), KNOWN, ids=[media_type for _, media_type in KNOWN])
def test_content_is_known_by_its_first_bytes(content, media_type):
    assert sniff(content) == media_type


@pytest.mark.parametrize(
    ("content", "kind", "media_type"),
    [
        (boxes(b"isom"), "audio", "audio/mp4"),
        (boxes(b"isom"), "image", "video/mp4"),
        (ebml(b"webm"), "audio", "audio/webm"),
        (b"OggS\x00" + bytes(64), "video", "video/ogg"),
        (boxes(b"M4A "), "video", "audio/mp4"),
        (b"fLaC", "video", "audio/flac"),
    ],
)
def test_a_container_that_can_be_either_is_what_the_block_says(content, kind, media_type):
    assert sniff(content, kind) == media_type


@pytest.mark.parametrize("content", [
    b"", b"BM", b"ID3", b"RIFF", b"\xff", b"\xff\xfb", b"OggS", b"\x00\x00\x00\x18ftyp"[:7],
    b"BMW sells cars and this is a list of them, with their prices in euros.",
    b"ID3 is the version of the plan, and nobody but us may read it.", b"The wide river, and then the mdat in it.",
    b"abcdftypisom of a text", b"root:x:0:0:root:/root:/bin/bash\n", b"-----BEGIN OPENSSH PRIVATE KEY-----\n",
    b"SQLite format 3\x00", b"PK\x03\x04" + bytes(64), b"\x7fELF\x02\x01\x01" + bytes(64), b"{\"key\": \"value\"}",
    "\ufeffsecret".encode("utf-16-le"), "\ufeffsecret".encode("utf-16-be"), "\ufeffsecret".encode(), b"<svg></svg>",
    b"<!DOCTYPE html><html></html>", b"GET / HTTP/1.1\r\n", b"0\x82\x04\xa5\x02\x01\x00" + bytes(64),
    b"G" + b"." * 1000,
])  # fmt: skip
def test_texts_keys_and_fragments_are_no_media(content):
    assert sniff(content) == ""


@given(st.text(st.characters(exclude_characters="\x00"), max_size=1000))
def test_no_text_is_media_unless_it_begins_with_a_mark_of_ascii_letters(text):
    marks = ("GIF8", "fLaC", "#!AMR", "%PDF", "RIFF", "RF64", "BW64", "FORM", "FLV\x01", "G")
    for encoding in ("utf-8", "utf-16", "utf-16-le", "utf-16-be"):
        assert sniff(text.encode(encoding, "replace")) == "" or text.startswith(marks)


@given(st.binary(max_size=40), st.sampled_from(KNOWN), st.integers(0, 40))
def test_any_bytes_can_be_looked_at(tail, known, cut):
    sniff(known[0][:cut] + tail, "audio")
