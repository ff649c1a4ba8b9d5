"""Requests that go to another model than the agent's, through the same middleware.

The middleware inside of a fallback (rate limits, a cache) sees each attempt with the model that it goes to. ``route``
stands innermost, where the agent's model would be asked.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from trouplet.model_io import ModelRequest
from trouplet.negotiation import negotiate

if TYPE_CHECKING:
    from trouplet.ports import ChatModel
    from trouplet.scope import Scope
    from trouplet_resilience.streams import Call, Stream


@dataclass(slots=True)
class RoutedRequest(ModelRequest):
    """A request to ``model``."""

    model: ChatModel | None = None

    @classmethod
    def to(cls, model: ChatModel, request: ModelRequest) -> RoutedRequest:
        """Return the request as one to this model."""
        values = {field.name: getattr(request, field.name) for field in fields(ModelRequest)}
        return cls(**values, model=model)


def model_of(request: ModelRequest, scope: Scope) -> ChatModel:
    """Return the model that a request goes to: the agent's, unless it says another."""
    if isinstance(request, RoutedRequest) and request.model is not None:
        return request.model
    return scope.agent.model


def route(call_next: Call) -> Call:
    """Return a call that asks the model that a request names, as the agent's own would be asked."""

    def call(request: ModelRequest) -> Stream:
        if isinstance(request, RoutedRequest) and request.model is not None:
            return request.model.stream(negotiate(request, request.model.info))
        return call_next(request)

    return call
