"""Which model a request goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trouplet.model_io import ModelRequest
    from trouplet.ports import ChatModel
    from trouplet.scope import Scope


def asked_model(request: ModelRequest, scope: Scope) -> ChatModel:
    """Return the model that a request goes to: the agent's, unless a fallback has led it to another.

    trouplet-resilience gives such a request a ``model``; this package does not depend on it.
    """
    chosen: ChatModel | None = getattr(request, "model", None)
    return scope.agent.model if chosen is None else chosen
