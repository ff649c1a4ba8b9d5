import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from trouplet import Kernel, Msg, Secret, Subscription, TextDelta
from trouplet.errors import BadSetting, BareModelName, KernelClosed, ProviderNotInstalled, UnknownProvider
from trouplet.hooks import hookimpl
from trouplet.providers import KNOWN_PROVIDERS
from trouplet.testing import ScriptedModel, call


def isolated(tmp_path: Path, **options: Any) -> Kernel:
    return Kernel(environ={}, data_dir=tmp_path / "data", cache_dir=tmp_path / "cache", **options)


class Witness:
    """A plugin that writes down what it is told."""

    plugin_api = (1, 0)
    log: list[str]

    def __init__(self, context: Any) -> None:
        self.context = context
        type(self).log = []

    @hookimpl
    async def kernel_started(self, kernel: Kernel) -> None:
        self.log.append("started")

    @hookimpl
    def kernel_stopping(self) -> None:
        self.log.append("stopping")

    @hookimpl
    async def before_reply(self, msgs: Any, scope: Any) -> None:
        self.log.append(f"reply {scope.agent.name} {msgs[0].text}")

    @hookimpl
    def on_event(self) -> Any:
        return [Subscription((TextDelta,), lambda event: self.log.append(f"text {event.text}"))]

    @hookimpl
    def provide_tools(self) -> Any:
        return [ping]


async def ping() -> str:
    """Answer pong."""
    return "pong"


async def test_an_agent_by_names_needs_six_lines(tmp_path: Path) -> None:
    async with isolated(tmp_path) as kernel:
        friday = kernel.agent("Friday", model="test:echo", sys_prompt="You're a helpful assistant.")
        reply = await friday("Hello!")
    assert reply.text == "You said: Hello!"


async def test_a_plugin_of_the_host_takes_part_in_the_life_of_the_kernel(tmp_path: Path) -> None:
    async with isolated(tmp_path, plugins=[Witness]) as kernel:
        await kernel.agent("Friday", model="test:echo")("Hello!")
    assert Witness.log[:2] == ["started", "reply Friday Hello!"]
    assert "".join([line[5:] for line in Witness.log if line.startswith("text ")]) == "You said: Hello!"
    assert Witness.log[-1] == "stopping"


async def test_tools_of_a_plugin_are_asked_for_by_name(tmp_path: Path) -> None:
    async with isolated(tmp_path, plugins=[Witness]) as kernel:
        model = ScriptedModel([call("ping"), "done"])
        agent = kernel.agent("Friday", model=model, tools=kernel.tools())
        assert (await agent("go")).text == "done"
        assert (await agent.memory.get())[2].content[0].text == "pong"


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("gpt-5", BareModelName, "Write provider:model, e.g. openai:gpt-5"),
        ("openai/gpt-5", BareModelName, "Did you mean 'openai:gpt-5'?"),
        ("tset:echo", UnknownProvider, "test"),
        ("acme:m", ProviderNotInstalled, "pip install trouplet-acme"),
        ("test:ecoh", BadSetting, "test:echo"),
    ],
)
def test_a_model_that_cannot_be_had_says_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, error: type, said: str
) -> None:
    monkeypatch.setitem(KNOWN_PROVIDERS, "acme", "trouplet-acme")
    with pytest.raises(error) as caught:
        isolated(tmp_path).model(name)
    assert said in str(caught.value)


def test_a_parameter_that_peers_call_differently_is_pointed_out(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="no parameter 'system_prompt'; did you mean 'sys_prompt'"):
        isolated(tmp_path).agent("Friday", model="test:echo", system_prompt="x")
    with pytest.raises(TypeError, match="did you mean 'max_iters'"):
        isolated(tmp_path).agent("Friday", model="test:echo", max_iter=3)


async def test_a_closed_kernel_says_so(tmp_path: Path) -> None:
    async with isolated(tmp_path) as kernel:
        pass
    with pytest.raises(KernelClosed):
        kernel.model("test:echo")
    with pytest.raises(KernelClosed):
        await kernel.__aenter__()
    await kernel.close()


async def test_resources_are_made_once_and_closed_in_reverse_unless_the_host_gave_them(tmp_path: Path) -> None:
    closed: list[str] = []

    async def close(what: str) -> None:
        closed.append(what)

    given = object()
    async with isolated(tmp_path, resources={"given": given}) as kernel:
        context = kernel.context("x")
        assert context.resource("a", lambda: "a", close) == context.resource("a", lambda: "other", close) == "a"
        assert context.resource("b", lambda: "b", close) == "b"
        assert context.resource("given", object, close) is given
    assert closed == ["b", "a"]


async def test_what_fails_on_closing_does_not_keep_the_rest_open(tmp_path: Path) -> None:
    closed: list[str] = []

    async def close(what: str) -> None:
        closed.append(what)
        raise OSError(what)

    kernel = isolated(tmp_path)
    await kernel.__aenter__()
    kernel.context("x").resource("a", lambda: "a", close)
    kernel.context("x").resource("b", lambda: "b", close)
    with pytest.raises(ExceptionGroup):
        await kernel.close()
    assert closed == ["b", "a"]


def test_an_argument_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('block = ["from-file"]\n[config.x]\na = 1\nb = 1\n')
    (tmp_path / "keys.json").write_text(json.dumps({"openai": "from-file", "other": "from-file"}))
    environ = {"TROUPLET_CONFIG_DIR": str(tmp_path), "OPENAI_API_KEY": "from-environment"}
    kernel = Kernel(environ=environ, config={"x": {"b": 2}}, keys={"third": "from-argument"})
    context = kernel.context("x")
    assert context.config == {"a": 1, "b": 2}
    found = [context.secret(name, variable=f"{name.upper()}_API_KEY") for name in ("openai", "other", "third", "none")]
    assert [secret.reveal() if secret else None for secret in found] == [
        "from-environment",
        "from-file",
        "from-argument",
        None,
    ]


def test_a_damaged_configuration_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("block = [")
    with pytest.raises(BadSetting, match=r"config\.toml"):
        Kernel(environ={"TROUPLET_CONFIG_DIR": str(tmp_path)})


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    secret = Secret("sk-canary")
    assert "canary" not in f"{secret} {secret!r} {[secret]}"
    assert secret == Secret("sk-canary")
    assert secret.reveal() == "sk-canary"


async def test_clock_and_ids_come_from_the_host(tmp_path: Path) -> None:
    from datetime import datetime
    from itertools import count

    time, numbers = datetime(2026, 1, 1, tzinfo=UTC), count(1)
    kernel = isolated(tmp_path, clock=lambda: time, new_id=lambda: f"id-{next(numbers)}")
    reply = await kernel.agent("Friday", model="test:echo")(Msg("ann", "hi"))
    assert reply.timestamp == time
    assert reply.id.startswith("id-")
    assert reply.run_id.startswith("id-")
