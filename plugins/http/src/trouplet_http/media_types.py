"""The media type of content, told by its first bytes.

A signature has to be long enough that no text and no key file has it by chance: what is not an image, a sound or a
video must not be taken for one. Where a format's mark is only two bytes, the fields behind it are looked at too.

Limits: raw samples (PCM), SVG and other texts have no signature. Whether an MP4, Ogg, WebM, Matroska or ASF file holds
pictures or only sound is not looked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"fLaC", "audio/flac"),
    (b"OggS\x00", "audio/ogg"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr-wb"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x00\x00\x01\xb3", "video/mpeg"),
    (b"FLV\x01", "video/x-flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "video/x-ms-wmv"),
    (b"%PDF-", "application/pdf"),
)

_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_FORM = {b"AIFF": "audio/aiff", b"AIFC": "audio/aiff"}

# Brands of the ISO base media format, from the registration authority's list (mp4ra.org).
_BRANDS = {
    b"avif": "image/avif", b"avis": "image/avif",
    b"heic": "image/heic", b"heix": "image/heic", b"heim": "image/heic", b"heis": "image/heic",
    b"hevc": "image/heic", b"hevx": "image/heic",
    b"mif1": "image/heif", b"msf1": "image/heif",
    b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"M4P ": "audio/mp4", b"F4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
    b"3gp4": "video/3gpp", b"3gp5": "video/3gpp", b"3gp6": "video/3gpp", b"3gp7": "video/3gpp",
    b"3g2a": "video/3gpp2", b"3g2b": "video/3gpp2", b"3g2c": "video/3gpp2",
}  # fmt: skip

_QUICKTIME_ATOMS = (b"moov", b"mdat", b"wide")

# Containers that hold sound as well as pictures, and what they are called if the block says that it is the other.
_AS_KIND = {
    ("audio", "video/mp4"): "audio/mp4",
    ("audio", "video/webm"): "audio/webm",
    ("audio", "video/3gpp"): "audio/3gpp",
    ("audio", "video/3gpp2"): "audio/3gpp2",
    ("audio", "video/x-matroska"): "audio/x-matroska",
    ("audio", "video/x-ms-wmv"): "audio/x-ms-wma",
    ("video", "audio/ogg"): "video/ogg",
}

_TRANSPORT_PACKET = 188
_PACKETS = 5


def sniff(content: bytes, kind: str = "") -> str:
    """Return the media type of ``content``; empty when its first bytes tell none.

    ``kind`` (``audio`` or ``video``) is how a container that may hold either is to be called.
    """
    media_type = next((found for look in _LOOKS if (found := look(content))), "")
    return _AS_KIND.get((kind, media_type), media_type)


def _signature(content: bytes) -> str:
    return next((media_type for mark, media_type in _SIGNATURES if content.startswith(mark)), "")


def _chunked(content: bytes) -> str:
    """RIFF and its relatives, which name their content after four bytes of length."""
    if content[:4] in (b"RIFF", b"RF64", b"BW64"):
        return _RIFF.get(content[8:12], "")
    return _FORM.get(content[8:12], "") if content[:4] == b"FORM" else ""


def _iso_media(content: bytes) -> str:
    """The ISO base media format: MP4, QuickTime, HEIF, AVIF. Before its first name is a size below 16 MiB, or 1."""
    if content[:1] != b"\x00":
        return ""
    if content[4:8] in _QUICKTIME_ATOMS:
        return "video/quicktime"
    if content[4:8] != b"ftyp":
        return ""
    brand = content[8:12]
    if brand in (b"mif1", b"msf1"):
        # The general brands of HEIF: the compatible ones say how the picture is coded.
        size = min(int.from_bytes(content[:4], "big"), 256)
        others = (content[start : start + 4] for start in range(16, size, 4))
        brand = next((other for other in others if other in _BRANDS and other not in (b"mif1", b"msf1")), brand)
    return _BRANDS.get(brand, "video/mp4")


def _matroska(content: bytes) -> str:
    """Matroska and WebM, which name themselves in their EBML header."""
    if not content.startswith(b"\x1a\x45\xdf\xa3"):
        return ""
    header = content[:128]
    return "video/webm" if b"webm" in header else "video/x-matroska" if b"matroska" in header else ""


def _bitmap(content: bytes) -> str:
    """BMP: two letters, four reserved zeros, and the size of one of its headers."""
    known = int.from_bytes(content[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124)
    return "image/bmp" if content[:2] == b"BM" and content[6:10] == bytes(4) and known else ""


def _mpeg_audio(content: bytes) -> str:
    """MP3, with a tag before it or without, and AAC in ADTS frames."""
    if len(content) < 10:
        return ""
    if content[:3] == b"ID3":
        plain = content[3] < 0x10 and not content[5] & 0x0F and max(content[6:10]) < 0x80
        return "audio/mpeg" if plain else ""
    if content[0] != 0xFF:
        return ""
    if content[1] & 0xF6 == 0xF0:
        return "audio/aac" if content[2] >> 2 & 0x0F < 13 else ""
    # Eleven set bits, a version, layer III or II; then a bit rate and a sampling rate that exist.
    frame = content[1] & 0xE0 == 0xE0 and content[1] & 0x18 != 0x08 and content[1] & 0x06 in (0x02, 0x04)
    return "audio/mpeg" if frame and content[2] >> 4 not in (0, 15) and content[2] >> 2 & 3 != 3 else ""


def _transport_stream(content: bytes) -> str:
    """An MPEG transport stream: each packet begins with the same byte."""
    starts = content[: _PACKETS * _TRANSPORT_PACKET : _TRANSPORT_PACKET]
    return "video/mp2t" if starts == b"\x47" * _PACKETS else ""


_LOOKS: tuple[Callable[[bytes], str], ...] = (
    _signature,
    _chunked,
    _iso_media,
    _matroska,
    _bitmap,
    _mpeg_audio,
    _transport_stream,
)
