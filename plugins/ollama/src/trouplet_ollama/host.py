"""Where Ollama is: what stands in ``OLLAMA_HOST`` as the address of its API.

The rules are those of Ollama's own clients (``envconfig.Host`` and ``ConnectableHost`` in Go, ollama-python 0.6.3): the
port is 11434 unless a scheme is named, and an address to listen at, such as ``0.0.0.0``, is reached by the loopback.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from trouplet.errors import BadSetting

DEFAULT_URL = "http://127.0.0.1:11434"
CLOUD = "ollama.com"

_PORT = 11434
_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


def base_url_of(host: object) -> str:
    """Return the address that ``host`` means: a name, ``host:port``, ``:port``, a URL; nothing means this machine."""
    text = host.strip().strip("\"'") if isinstance(host, str) else ""
    if not isinstance(host, str | None) or any(character.isspace() for character in text):
        raise _wrong(host)
    scheme, named, rest = text.rpartition("://")
    if not named:
        scheme, rest = ("https" if text == CLOUD else "http"), _in_brackets(text)
    return _address(scheme, rest, bool(named) or text == CLOUD, host)


def is_cloud(base_url: str) -> bool:
    """Whether an address is that of Ollama's cloud, which wants a key."""
    name = urlsplit(base_url).hostname or ""
    return name == CLOUD or name.endswith(f".{CLOUD}")


def _address(scheme: str, rest: str, usual_port: bool, given: object) -> str:
    try:
        split = urlsplit(f"{scheme}://{rest}")
        name, port = split.hostname or "", split.port
    except ValueError as error:
        raise _wrong(given) from error
    if scheme not in ("http", "https") or split.username or split.query:
        raise _wrong(given)
    name = _LOOPBACK.get(name, name)
    place = f"[{name}]" if ":" in name else name
    if port is None and not usual_port:
        port = _PORT
    return f"{scheme}://{place}{'' if port is None else f':{port}'}{split.path.rstrip('/')}"


def _in_brackets(text: str) -> str:
    """A bare IPv6 address as URLs write it."""
    try:
        return f"[{text}]" if ip_address(text).version == 6 else text
    except ValueError:
        return text


def _wrong(given: object) -> BadSetting:
    return BadSetting(
        f"{given!r} is not an address of Ollama",
        fix="Write host:port or http://host:port, as OLLAMA_HOST or as base_url",
    )
