"""The one place where secrets are taken out of what leaves the program: errors, logs, recordings.

A ``Redactor`` knows the secrets of one endpoint by their value, and every secret that shows itself: values of the
headers and query parameters that carry keys, and texts that have the shape of a well-known kind of key.

Limits: a key of an unknown shape that was not given as a ``Secret`` or in one of those headers is not recognised, and a
value that an encoding has changed only if the encoding is percent-encoding or JSON's.
"""

from __future__ import annotations

import json
import logging
import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from trouplet.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trouplet.errors import ModelError

MASK = "***"

_SHORTEST_SECRET = 6
_SECRET_HEADERS = frozenset(("authorization", "proxy-authorization", "cookie", "set-cookie", "password", "token"))
_SECRET_HEADER_ENDS = ("-token", "-secret", "-key", "-password", "apikey", "-signature")
_PLAIN_HEADERS = frozenset(("idempotency-key", "sec-websocket-key"))


@lru_cache(maxsize=1)
def _shapes() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compile the patterns on first use: most programs never redact anything."""
    keys = (
        r"sk-[A-Za-z0-9_\-]{12,}",  # OpenAI, Anthropic, DashScope, DeepSeek, OpenRouter
        r"AIza[A-Za-z0-9_\-]{20,}",  # Google
        r"ya29\.[A-Za-z0-9_\-.]{20,}",
        r"(?:gsk|xai|pplx|nvapi|hf|r8|fw|tgp_v1|key|csk|jina|ghp|gho|ghs|github_pat|glpat|xox[abp])[_\-][A-Za-z0-9_\-]{16,}",
        r"(?:AKIA|ASIA)[A-Z0-9]{16}",
        r"eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*",  # JSON web tokens
    )
    shaped = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(keys)})")
    named = re.compile(
        r"""(?ix)
        ( \b (?: (?:proxy-)?authorization | (?:x-)?(?:goog-)?api[-_]?key | access[-_]?token | client[-_]?secret ) \b
          ["']? \s* [:=] \s* ["']? (?: (?:bearer|basic) \s+ )?
        | \b bearer \s+
        | [?&] (?: key | api[-_]?key | token | access_token | sig | signature | x-amz-signature ) = )
        ( [^\s"'&,;<>\\]{6,} )
        """
    )
    return shaped, named


class Redactor:
    """Takes secrets out of texts, headers and JSON-able data."""

    __slots__ = ("_values",)

    def __init__(self, secrets: Iterable[Secret | str] = ()) -> None:
        self._values = _forms(secrets)

    @classmethod
    def of_headers(cls, headers: Mapping[str, str | Secret]) -> Redactor:
        """Make a redactor that knows the secret values among ``headers``."""
        return cls(value for name, value in headers.items() if isinstance(value, Secret) or is_secret_header(name))

    def __repr__(self) -> str:
        return f"Redactor({len(self._values)} values)"

    def text(self, text: str) -> str:
        """Return ``text`` with every secret in it replaced by ``***``."""
        for value in self._values:
            if value.reveal() in text:
                text = text.replace(value.reveal(), MASK)
        shaped, named = _shapes()
        return shaped.sub(MASK, named.sub(rf"\1{MASK}", text))

    def headers(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the headers, with the values of those that carry secrets replaced."""
        return [(name, MASK if is_secret_header(name) else self.text(value)) for name, value in headers]

    def data(self, value: object) -> object:
        """Return JSON-able data with every secret in its strings and keys replaced."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self._entry(str(key), item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        return value

    def error(self, error: ModelError) -> ModelError:
        """Redact everything that an error says, in place, and return it."""
        error.what, error.why, error.fix = self.text(error.what), self.text(error.why), self.text(error.fix)
        error.args = (error.what,)
        error.details = {self.text(key): self._entry(key, value) for key, value in error.details.items()}
        return error

    def _entry(self, key: str, value: object) -> object:
        secret = isinstance(value, str) and is_secret_header(key.replace("_", "-"))
        return MASK if secret else self.data(value)


def is_secret_header(name: str) -> bool:
    """Tell whether the value of a header of this name is a secret."""
    name = name.lower()
    return name in _SECRET_HEADERS or (name.endswith(_SECRET_HEADER_ENDS) and name not in _PLAIN_HEADERS)


def redact(text: str) -> str:
    """Return ``text`` without what looks like a secret."""
    return _GENERAL.text(text)


def _forms(secrets: Iterable[Secret | str]) -> tuple[Secret, ...]:
    """Return the texts to look for, longest first: each secret, its part after ``Bearer``, and both as URL and JSON."""
    found: set[str] = set()
    for secret in secrets:
        text = secret.reveal() if isinstance(secret, Secret) else secret
        for part in (text, text.partition(" ")[2]):
            found |= {part, quote(part, safe=""), json.dumps(part)[1:-1]}
    return tuple(Secret(text) for text in sorted(found, key=len, reverse=True) if len(text) >= _SHORTEST_SECRET)


class RedactingFilter(logging.Filter):
    """Redacts the text of every record that passes through a logger."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = None
        return True


_GENERAL = Redactor()
_LOG_FILTER = RedactingFilter()


def redact_log(name: str) -> None:
    """Redact what the logger ``name`` writes, from now on."""
    logging.getLogger(name).addFilter(_LOG_FILTER)
