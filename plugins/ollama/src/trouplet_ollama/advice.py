"""What to type next when Ollama refuses, or is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trouplet.errors import AuthenticationFailed, ConnectionFailed

if TYPE_CHECKING:
    from trouplet.errors import ModelError


def advise(error: ModelError, *, model: str, cloud: bool) -> None:
    """Let the error of a call say what helps with Ollama."""
    error.fix = _fix(error, model, cloud) or error.fix


def _fix(error: ModelError, model: str, cloud: bool) -> str:
    if isinstance(error, ConnectionFailed) and error.retryable and not cloud:
        return "Start it: ollama serve. If it runs elsewhere, set OLLAMA_HOST or base_url"
    if error.status == 404:
        return "Look its name up: https://ollama.com/search?c=cloud" if cloud else f"Get it: ollama pull {model}"
    if isinstance(error, AuthenticationFailed) and not cloud:
        return "For a model of Ollama's cloud, sign in: ollama signin"
    if "does not support tools" in error.what:
        return "Use an agent without tools, or a model that knows them: https://ollama.com/search?c=tools"
    if "does not support thinking" in error.what:
        return "Leave thinking out, or give thinking=False"
    return ""
