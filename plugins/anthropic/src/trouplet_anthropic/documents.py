"""``document``: a PDF or a text for Claude to read, as a block that other providers take for a line of text."""

from __future__ import annotations

from base64 import b64encode

from trouplet.errors import BadInput
from trouplet.messages import TextBlock

PDF = "application/pdf"


def document(
    content: str | bytes, *, title: str | None = None, context: str | None = None, citations: bool = False
) -> TextBlock:
    """Return a message block that holds a document: the web address or the bytes of a PDF, or plain text.

    ``context`` is what Claude is told about it, and with ``citations`` Claude says what in it an answer rests on.
    Other providers get the line that names it.
    """
    made: dict[str, object] = {"source": _source(content)}
    if title is not None:
        made["title"] = title
    if context is not None:
        made["context"] = context
    if citations:
        made["citations"] = {"enabled": True}
    return TextBlock(f"(Document: {title or 'without a title'})", {"anthropic": {"document": made}})


def _source(content: str | bytes) -> dict[str, object]:
    if isinstance(content, str):
        if content.startswith(("https://", "http://")):
            return {"type": "url", "url": content}
        return {"type": "text", "media_type": "text/plain", "data": content}
    if not content.startswith(b"%PDF-"):
        raise BadInput("the bytes of a document are no PDF", fix="Give a PDF, a web address, or text as str")
    return {"type": "base64", "media_type": PDF, "data": b64encode(content).decode("ascii")}
