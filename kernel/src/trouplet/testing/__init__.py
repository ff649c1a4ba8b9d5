"""What tests of agents, plugins and hosts need: a scripted model, validators, faults, and a contract suite per port."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from trouplet.testing.canary import Canaries as Canaries
    from trouplet.testing.canary import CanaryFound as CanaryFound
    from trouplet.testing.echo import EchoModel as EchoModel
    from trouplet.testing.fault_server import FaultServer as FaultServer
    from trouplet.testing.history import HistoryRejected as HistoryRejected
    from trouplet.testing.history import validate_history as validate_history
    from trouplet.testing.leaks import LeakCheck as LeakCheck
    from trouplet.testing.leaks import LeakFound as LeakFound
    from trouplet.testing.loop_lag import LoopLag as LoopLag
    from trouplet.testing.plain_formatter import PlainFormatter as PlainFormatter
    from trouplet.testing.plugin_stand import PluginStand as PluginStand
    from trouplet.testing.scripted import ScriptedModel as ScriptedModel
    from trouplet.testing.scripted import Step as Step
    from trouplet.testing.scripted import call as call

_HOMES = {
    "Canaries": "canary",
    "CanaryFound": "canary",
    "EchoModel": "echo",
    "FaultServer": "fault_server",
    "HistoryRejected": "history",
    "LeakCheck": "leaks",
    "LeakFound": "leaks",
    "LoopLag": "loop_lag",
    "PlainFormatter": "plain_formatter",
    "PluginStand": "plugin_stand",
    "ScriptedModel": "scripted",
    "Step": "scripted",
    "call": "scripted",
    "validate_history": "history",
}

__all__ = [
    "Canaries",
    "CanaryFound",
    "EchoModel",
    "FaultServer",
    "HistoryRejected",
    "LeakCheck",
    "LeakFound",
    "LoopLag",
    "PlainFormatter",
    "PluginStand",
    "ScriptedModel",
    "Step",
    "call",
    "validate_history",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
