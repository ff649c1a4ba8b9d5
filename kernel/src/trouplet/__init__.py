"""Trouplet: a plugin microkernel for LLM agents. Every public name is imported on first use."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet.agent import Agent as Agent
    from trouplet.agent import ReActAgent as ReActAgent
    from trouplet.conversation import ChatFormatter as ChatFormatter
    from trouplet.conversation import MultiAgentFormatter as MultiAgentFormatter
    from trouplet.conversation import Truncated as Truncated
    from trouplet.errors import ModelError as ModelError
    from trouplet.errors import PluginError as PluginError
    from trouplet.errors import TroupletError as TroupletError
    from trouplet.events import (
        ApprovalRequested as ApprovalRequested,
    )
    from trouplet.events import (
        BlockEnded as BlockEnded,
    )
    from trouplet.events import (
        BlockStarted as BlockStarted,
    )
    from trouplet.events import (
        Event as Event,
    )
    from trouplet.events import (
        MediaAdded as MediaAdded,
    )
    from trouplet.events import (
        MessagesObserved as MessagesObserved,
    )
    from trouplet.events import (
        ModelCallEnded as ModelCallEnded,
    )
    from trouplet.events import (
        ModelCallStarted as ModelCallStarted,
    )
    from trouplet.events import (
        NoteAdded as NoteAdded,
    )
    from trouplet.events import (
        PartialOutput as PartialOutput,
    )
    from trouplet.events import (
        RunEnded as RunEnded,
    )
    from trouplet.events import (
        RunStarted as RunStarted,
    )
    from trouplet.events import (
        Subscription as Subscription,
    )
    from trouplet.events import (
        TextDelta as TextDelta,
    )
    from trouplet.events import (
        ThinkingDelta as ThinkingDelta,
    )
    from trouplet.events import (
        ToolCallDelta as ToolCallDelta,
    )
    from trouplet.events import (
        ToolCallStarted as ToolCallStarted,
    )
    from trouplet.events import (
        ToolEnded as ToolEnded,
    )
    from trouplet.events import (
        ToolOutput as ToolOutput,
    )
    from trouplet.events import (
        ToolStarted as ToolStarted,
    )
    from trouplet.function_tool import FunctionTool as FunctionTool
    from trouplet.function_tool import tool as tool
    from trouplet.kernel import Kernel as Kernel
    from trouplet.memory import InMemoryMemory as InMemoryMemory
    from trouplet.messages import (
        AudioBlock as AudioBlock,
    )
    from trouplet.messages import (
        Base64Source as Base64Source,
    )
    from trouplet.messages import (
        ImageBlock as ImageBlock,
    )
    from trouplet.messages import (
        Msg as Msg,
    )
    from trouplet.messages import (
        TextBlock as TextBlock,
    )
    from trouplet.messages import (
        ThinkingBlock as ThinkingBlock,
    )
    from trouplet.messages import (
        ToolResultBlock as ToolResultBlock,
    )
    from trouplet.messages import (
        ToolUseBlock as ToolUseBlock,
    )
    from trouplet.messages import (
        URLSource as URLSource,
    )
    from trouplet.messages import (
        VideoBlock as VideoBlock,
    )
    from trouplet.model_io import ModelInfo as ModelInfo
    from trouplet.model_io import ModelRequest as ModelRequest
    from trouplet.model_io import Usage as Usage
    from trouplet.pipeline import (
        MsgHub as MsgHub,
    )
    from trouplet.pipeline import (
        fanout_pipeline as fanout_pipeline,
    )
    from trouplet.pipeline import (
        sequential_pipeline as sequential_pipeline,
    )
    from trouplet.reply import Reply as Reply
    from trouplet.runner import run as run
    from trouplet.scope import Scope as Scope
    from trouplet.secret import Secret as Secret
    from trouplet.state import StateModule as StateModule
    from trouplet.tool_io import Allow as Allow
    from trouplet.tool_io import Ask as Ask
    from trouplet.tool_io import Deny as Deny
    from trouplet.tool_io import ToolTraits as ToolTraits
    from trouplet.toolkit import Toolkit as Toolkit
    from trouplet.user import UserAgent as UserAgent

__version__ = "0.1.0"

_MODULES = {
    "agent": ("Agent", "ReActAgent"),
    "conversation": ("ChatFormatter", "MultiAgentFormatter", "Truncated"),
    "errors": ("ModelError", "PluginError", "TroupletError"),
    "events": (
        "ApprovalRequested", "BlockEnded", "BlockStarted", "Event", "MediaAdded", "MessagesObserved", "ModelCallEnded",
        "ModelCallStarted", "NoteAdded", "PartialOutput", "RunEnded", "RunStarted", "Subscription", "TextDelta",
        "ThinkingDelta", "ToolCallDelta", "ToolCallStarted", "ToolEnded", "ToolOutput", "ToolStarted",
    ),
    "function_tool": ("FunctionTool", "tool"),
    "kernel": ("Kernel",),
    "memory": ("InMemoryMemory",),
    "messages": (
        "AudioBlock", "Base64Source", "ImageBlock", "Msg", "TextBlock", "ThinkingBlock", "ToolResultBlock",
        "ToolUseBlock", "URLSource", "VideoBlock",
    ),
    "model_io": ("ModelInfo", "ModelRequest", "Usage"),
    "pipeline": ("MsgHub", "fanout_pipeline", "sequential_pipeline"),
    "reply": ("Reply",),
    "runner": ("run",),
    "scope": ("Scope",),
    "secret": ("Secret",),
    "state": ("StateModule",),
    "tool_io": ("Allow", "Ask", "Deny", "ToolTraits"),
    "toolkit": ("Toolkit",),
    "user": ("UserAgent",),
}  # fmt: skip
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Agent",
    "Allow",
    "ApprovalRequested",
    "Ask",
    "AudioBlock",
    "Base64Source",
    "BlockEnded",
    "BlockStarted",
    "ChatFormatter",
    "Deny",
    "Event",
    "FunctionTool",
    "ImageBlock",
    "InMemoryMemory",
    "Kernel",
    "MediaAdded",
    "MessagesObserved",
    "ModelCallEnded",
    "ModelCallStarted",
    "ModelError",
    "ModelInfo",
    "ModelRequest",
    "Msg",
    "MsgHub",
    "MultiAgentFormatter",
    "NoteAdded",
    "PartialOutput",
    "PluginError",
    "ReActAgent",
    "Reply",
    "RunEnded",
    "RunStarted",
    "Scope",
    "Secret",
    "StateModule",
    "Subscription",
    "TextBlock",
    "TextDelta",
    "ThinkingBlock",
    "ThinkingDelta",
    "ToolCallDelta",
    "ToolCallStarted",
    "ToolEnded",
    "ToolOutput",
    "ToolResultBlock",
    "ToolStarted",
    "ToolTraits",
    "ToolUseBlock",
    "Toolkit",
    "TroupletError",
    "Truncated",
    "URLSource",
    "Usage",
    "UserAgent",
    "VideoBlock",
    "__version__",
    "fanout_pipeline",
    "run",
    "sequential_pipeline",
    "tool",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'trouplet' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"trouplet.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
