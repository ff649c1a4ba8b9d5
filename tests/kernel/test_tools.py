import asyncio
import enum
import functools
import threading
import time
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from trouplet import ReActAgent, Toolkit, ToolResultBlock, tool
from trouplet.errors import InvalidArguments, ToolNameClash, ToolNotUsable
from trouplet.testing import ScriptedModel, call
from trouplet.tool_schema import UntypedToolWarning
from trouplet.toolkit import as_tool


class Place(BaseModel):
    city: str
    zip: int | None = None


def find(place: Place, kind: Literal["bar", "cafe"], radius: float = 1.5, tags: list[str] | None = None) -> str:
    """Find places nearby.

    Looks at the map.

    Args:
        place: Where to look.
        kind: What to look for.
        radius: How far, in km.
    """
    return f"{place.city} {kind} {radius} {tags}"


def test_the_schema_comes_from_signature_and_docstring() -> None:
    schema = as_tool(find).schema
    assert schema.name == "find"
    assert schema.description == "Find places nearby.\n\nLooks at the map."
    properties = schema.parameters["properties"]
    assert properties["radius"] == {"type": "number", "description": "How far, in km.", "default": 1.5}
    assert properties["kind"]["enum"] == ["bar", "cafe"]
    assert properties["place"]["description"] == "Where to look."
    assert schema.parameters["required"] == ["place", "kind"]
    assert schema.parameters["additionalProperties"] is False
    assert "title" not in str(schema.parameters)
    assert schema.parameters["$defs"]["Place"]["properties"]["city"] == {"type": "string"}


def test_a_parameter_named_title_stays() -> None:
    def write(title: str) -> None:
        """Write."""

    assert as_tool(write).schema.parameters["properties"] == {"title": {"type": "string"}}


def test_arguments_arrive_with_their_types() -> None:
    checked = as_tool(find).validate({"place": {"city": "Rome"}, "kind": "bar"})
    assert checked == {"place": Place(city="Rome"), "kind": "bar"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"kind": "bar"}, "place: Field required"),
        ({"place": {"city": "Rome"}, "kind": "bar", "radius": "2"}, "radius: Input should be a valid number"),
        ({"place": {"city": "Rome", "zip": True}, "kind": "bar"}, "place.zip: Input should be a valid integer"),
        ({"place": {"city": "Rome"}, "kind": "pub"}, "kind: Input should be 'bar' or 'cafe'"),
        ({"place": {"city": "Rome"}, "kind": "bar", "more": 1}, "more: Extra inputs are not permitted"),
        ({"place": {"city": 3}, "kind": "bar"}, "place.city: Input should be a valid string (given: 3)"),
    ],
)
def test_wrong_arguments_are_told_in_words_for_the_model(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidArguments) as caught:
        as_tool(find).validate(arguments)
    assert said in caught.value.what


@pytest.mark.parametrize("function", [print, lambda *args: 1, lambda **more: 1, lambda a, /: 1, dict, 42])
def test_what_a_model_cannot_call_is_refused_when_it_is_added(function: object) -> None:
    with pytest.raises(ToolNotUsable, match="TP-301"):
        Toolkit().add(function)  # type: ignore[arg-type]


def test_an_unknown_type_is_refused_when_it_is_added() -> None:
    def use(socket: threading.Lock) -> None:  # type: ignore[valid-type]
        """Use."""

    with pytest.raises(ToolNotUsable, match="use is not usable"):
        Toolkit([use])


def test_an_untyped_parameter_is_warned_of() -> None:
    def add(a, b):
        """Add."""

    with pytest.warns(UntypedToolWarning, match="TP-302 add: no type for a, b"):
        Toolkit([add])


def test_what_json_has_no_type_for_is_made_of_what_stands_for_it() -> None:
    class Size(enum.Enum):
        SMALL = "small"

    def order(day: date, size: Size, tags: set[str], pair: tuple[int, float]) -> None:
        """Order."""

    checked = as_tool(order).validate({"day": "2026-01-02", "size": "small", "tags": ["a", "a"], "pair": [1, 2]})
    assert checked == {"day": date(2026, 1, 2), "size": Size.SMALL, "tags": {"a"}, "pair": (1, 2.0)}


def test_two_tools_of_one_name_clash() -> None:
    with pytest.raises(ToolNameClash):
        Toolkit([find, find])
    kit = Toolkit([find])
    kit.add(find, name="find_2", description="Again.")
    assert [schema.name for schema in kit.schemas] == ["find", "find_2"]
    assert kit.schemas is kit.schemas
    kit.remove("find")
    assert "find" not in kit
    assert len(kit) == 1


def test_a_field_annotation_reaches_the_schema() -> None:
    def grow(size: Annotated[int, Field(ge=1, le=5)]) -> int:
        """Grow."""
        return size

    assert as_tool(grow).schema.parameters["properties"]["size"] == {"type": "integer", "minimum": 1, "maximum": 5}


async def results_of(function, *calls, **options) -> list[ToolResultBlock]:
    agent = ReActAgent("Friday", model=ScriptedModel([list(calls), "done"]), tools=[function], **options)
    await agent("go")
    return (await agent.memory.get())[2].blocks(ToolResultBlock)


def sync_tool(n: int) -> str:
    """Sync."""
    return f"{n} {threading.current_thread() is threading.main_thread()}"


async def async_tool(n: int) -> str:
    """Async."""
    await asyncio.sleep(0)
    return f"{n} {threading.current_thread() is threading.main_thread()}"


def generator_tool(n: int) -> Iterator[str]:
    """Pieces."""
    yield f"{n} "
    yield str(threading.current_thread() is threading.main_thread())


async def async_generator_tool(n: int) -> AsyncIterator[str]:
    """Pieces."""
    yield f"{n} "
    yield str(threading.current_thread() is threading.main_thread())


class Callable:
    async def __call__(self, n: int) -> str:
        """Call."""
        return f"{n} True"


@pytest.mark.parametrize(
    ("function", "on_loop"),
    [
        (sync_tool, False), (async_tool, True), (generator_tool, False), (async_generator_tool, True),
        (functools.partial(async_tool), True), (functools.partial(sync_tool), False), (Callable(), True),
        (Callable().__call__, True),
    ],
)  # fmt: skip
async def test_every_kind_of_function_is_a_tool(function, on_loop: bool) -> None:
    kit = Toolkit()
    kit.add(function, name="it")
    agent = ReActAgent("Friday", model=ScriptedModel([call("it", n=4), "done"]), toolkit=kit)
    await agent("go")
    assert (await agent.memory.get())[2].blocks(ToolResultBlock)[0].text == f"4 {on_loop}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"), (None, "(no output)"), ("", "(no output)"), (3, "3"), (True, "true"), (1.5, "1.5"),
        ({"a": [1, None]}, '{"a":[1,null]}'), ([], "[]"), (b"bytes", "bytes"),
        (Place(city="Rome"), '{"city":"Rome","zip":null}'),
        ({1, 2}, "[1,2]"), (object, "<class 'object'>"), ("\ud800", "\ufffd"), (float("nan"), "nan"),
    ],
)  # fmt: skip
async def test_any_return_value_becomes_a_result(value: object, text: str) -> None:
    def give() -> object:
        """Give."""
        return value

    [result] = await results_of(give, call("give"))
    assert result.text.strip('"') == text


async def test_an_exception_becomes_a_result_that_names_it() -> None:
    def fail() -> None:
        """Fail."""
        raise ValueError("no such city")

    [result] = await results_of(fail, call("fail"))
    assert (result.status, result.text) == ("error", "ValueError: no such city")


async def test_on_request_an_exception_fails_the_run() -> None:
    def fail() -> None:
        """Fail."""
        raise ValueError("no such city")

    with pytest.raises(ValueError, match="no such city"):
        await results_of(fail, call("fail"), on_tool_error="raise")


async def test_invalid_arguments_and_unknown_tools_become_results() -> None:
    first, second = await results_of(sync_tool, call("sync_tool", n="x"), call("nothing"))
    assert first.status == second.status == "error"
    assert "n: Input should be a valid integer" in first.text
    assert second.text == "There is no tool 'nothing'. The tools are: sync_tool."


async def test_calls_of_one_answer_run_side_by_side_and_keep_their_order() -> None:
    gate = asyncio.Barrier(3)

    async def meet(n: int) -> int:
        """Meet."""
        await gate.wait()
        return n

    results = await results_of(meet, *[call("meet", n=n) for n in range(3)])
    assert [result.text for result in results] == ["0", "1", "2"]


async def test_calls_may_run_one_after_the_other() -> None:
    running = 0

    async def alone(n: int) -> int:
        """Run."""
        nonlocal running
        running += 1
        await asyncio.sleep(0)
        assert running == 1
        running -= 1
        return n

    results = await results_of(alone, *[call("alone", n=n) for n in range(3)], parallel_tool_calls=False)
    assert [result.status for result in results] == ["ok"] * 3


async def test_a_tool_is_stopped_at_its_deadline_and_its_output_so_far_is_kept() -> None:
    @tool(deadline=0.05)
    async def drip() -> AsyncIterator[str]:
        """Drip."""
        yield "one\n"
        await asyncio.sleep(60)
        yield "two\n"

    [result] = await results_of(drip, call("drip"))
    assert result.status == "error"
    assert result.text == "one\n\nThe call was stopped after its time limit of 0.05 seconds."


async def test_a_timeout_inside_of_a_tool_is_the_tools_own_error() -> None:
    async def hurry() -> None:
        """Hurry."""
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)

    [result] = await results_of(hurry, call("hurry"))
    assert result.text.startswith("TimeoutError")


async def test_a_tool_that_cancels_itself_fails_alone() -> None:
    async def odd() -> None:
        """Behave oddly."""
        raise asyncio.CancelledError

    [result] = await results_of(odd, call("odd"))
    assert result.status == "error"


async def test_long_output_keeps_head_and_tail_and_counts_the_rest() -> None:
    @tool(output_limit=1000)
    def flood() -> str:
        """Flood."""
        return "a" * 5000 + "z" * 5000

    [result] = await results_of(flood, call("flood"))
    assert result.text.startswith("aaa")
    assert result.text.endswith("zzz")
    assert "[… 9000 of 10000 bytes left out …]" in result.text
    assert len(result.text) < 1100


async def test_a_blocked_sync_tool_does_not_hold_up_an_interruption() -> None:
    release, began = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def block() -> None:
        """Block."""
        loop.call_soon_threadsafe(began.set)
        release.wait(30)

    agent = ReActAgent("Friday", model=ScriptedModel([call("block")]), tools=[block])
    run = asyncio.create_task(agent("go"))
    await began.wait()
    await agent.interrupt()
    assert (await run).interrupted
    release.set()


async def test_hundreds_of_sync_tools_run_in_a_bounded_number_of_threads() -> None:
    most = 0

    def count(n: int) -> None:
        """Count."""
        nonlocal most
        most = max(most, threading.active_count())
        time.sleep(0.002)

    before = threading.active_count()
    results = await results_of(count, *[call("count", n=n) for n in range(200)])
    assert len(results) == 200
    assert most - before <= 64


async def test_the_guard_of_this_suite_notices_what_blocks_the_loop() -> None:
    async def block() -> None:
        """Block."""
        time.sleep(0.01)  # noqa: ASYNC251

    [result] = await results_of(block, call("block"))
    assert "Blocking call to time.sleep" in result.text
