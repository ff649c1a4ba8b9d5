"""Secrets of known shapes, made fresh for a test, and the search for them in everything that the test produced.

A secret counts as found also in parts (its first or last twelve characters), as base64 (whatever stands before it), as
hexadecimal digits and percent-encoded.
"""

from __future__ import annotations

import base64
import random
import secrets
import string
import traceback
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

_LETTERS = string.ascii_letters + string.digits
_FRAGMENT = 12

_SHAPES: dict[str, tuple[str, str, int]] = {
    # kind: (environment variable, what it begins with, how many random characters follow)
    "openai": ("OPENAI_API_KEY", "sk-proj-", 48),
    "anthropic": ("ANTHROPIC_API_KEY", "sk-ant-api03-", 93),
    "google": ("GEMINI_API_KEY", "AIza", 35),
    "dashscope": ("DASHSCOPE_API_KEY", "sk-", 32),
    "deepseek": ("DEEPSEEK_API_KEY", "sk-", 32),
    "aws": ("AWS_SECRET_ACCESS_KEY", "", 40),
    "github": ("GITHUB_TOKEN", "ghp_", 36),
    "slack": ("SLACK_BOT_TOKEN", "xoxb-", 40),
    "jwt": ("SESSION_TOKEN", "eyJ", 60),
    "password": ("DATABASE_PASSWORD", "", 24),
}


class CanaryFound(AssertionError):
    """A secret was where it must not be; ``sightings`` says which and where, never the secret itself."""

    def __init__(self, sightings: list[str]) -> None:
        self.sightings = sightings
        super().__init__("secrets leaked:" + "".join([f"\n  {sighting}" for sighting in sightings]))


class Canaries:
    """One secret of each known kind: ``canaries["openai"]``."""

    def __init__(self, *, seed: int | None = None) -> None:
        source = random.Random(secrets.randbits(64) if seed is None else seed)
        self._secrets = {
            kind: prefix + "".join(source.choices(_LETTERS, k=size)) for kind, (_, prefix, size) in _SHAPES.items()
        }
        self._forms = [
            (kind, name, form)
            for kind, secret in self._secrets.items()
            for name, form in _forms(secret, _SHAPES[kind][1])
        ]

    def __getitem__(self, kind: str) -> str:
        return self._secrets[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._secrets)

    @property
    def environ(self) -> dict[str, str]:
        """The secrets as environment variables."""
        return {variable: self._secrets[kind] for kind, (variable, _, _) in _SHAPES.items()}

    def sweep(self, *things: object) -> list[str]:
        """Return where secrets are in these things, one line each.

        Text and bytes are searched as they are, a path with everything beneath it (names too), an exception with its
        traceback, any other object by its ``repr`` and its ``str``.
        """
        return [
            f"{kind} ({form}) in {where}"
            for thing in things
            for where, data in _bytes_of(thing)
            for kind, form, needle in self._forms
            if needle in data
        ]

    def assert_unseen(self, *things: object) -> None:
        """Raise ``CanaryFound`` when a secret is in any of these things."""
        sightings = self.sweep(*things)
        if sightings:
            raise CanaryFound(sightings)


def _forms(secret: str, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Yield what to search for. The whole secret is found by its parts."""
    data = secret.encode()
    own = data[len(prefix) :]
    yield "plain", own[:_FRAGMENT]
    yield "plain, its end", own[-_FRAGMENT:]
    yield "hexadecimal", own[:_FRAGMENT].hex().encode()
    if quote(secret, safe="") != secret:
        yield "percent-encoded", quote(secret, safe="").encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + own)
        yield "base64", encoded[4 if shift else 0 :][: _FRAGMENT + 4]


def _bytes_of(thing: object) -> Iterator[tuple[str, bytes]]:
    if isinstance(thing, (bytes, bytearray, memoryview)):
        yield "bytes", bytes(thing)
    elif isinstance(thing, str):
        yield "text", _encoded(thing)
    elif isinstance(thing, Path):
        yield from _files(thing)
    elif isinstance(thing, BaseException):
        yield f"the traceback of a {type(thing).__name__}", _encoded("".join(traceback.format_exception(thing)))
        yield f"a {type(thing).__name__}", _encoded(repr(thing) + repr(vars(thing)))
    else:
        yield f"a {type(thing).__name__}", _encoded(f"{thing!r}\n{thing}")


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    yield "a path", _encoded(str(path))
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        yield "a path", _encoded(str(file))
        if file.is_file():
            yield str(file), file.read_bytes()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
