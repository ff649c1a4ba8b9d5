"""Many tools in one toolkit: their schemas are made from signature and docstring, and sent with each call."""

import asyncio

from scenarios.weather import QUESTION, SYSTEM_PROMPT

CALLS = 20


def many_functions(number):
    """Functions with different names and the same parameters."""
    return [_function(index) for index in range(number)]


def _function(index):
    async def tool(name: str, count: int = 1, exact: bool = False, tags: list[str] | None = None) -> str:
        """Look something up.

        Args:
            name: What to look up.
            count: How many to return.
            exact: Whether the name has to match exactly.
            tags: What else it has to be.
        """
        return f"{name}{index}{count}{exact}{tags}"

    tool.__name__ = tool.__qualname__ = f"look_up_{index}"
    return tool


def floor_registration(bench):
    with bench.section(bench.size):
        schemas = [_schema(function) for function in many_functions(bench.size)]
    return len(schemas)


def floor_calls(bench):
    return asyncio.run(_floor_calls(bench))


async def _floor_calls(bench):
    from scenarios.raw import Agent, client

    functions = many_functions(bench.size)
    schemas = [_schema(function) for function in functions]
    tools = {function.__name__: function for function in functions}
    async with client() as http:
        answer = await Agent(http, bench.base_url, tools=tools, schemas=schemas).ask(QUESTION)
        with bench.section(CALLS):
            for _ in range(CALLS):
                answer = await Agent(http, bench.base_url, tools=tools, schemas=schemas).ask(QUESTION)
    return answer


def _schema(function):
    """What one writes by hand: the signature's types by a table, the docstring's lines by a regular expression."""
    import inspect
    import re

    described = dict(re.findall(r"^\s+(\w+): (.+)$", function.__doc__, re.MULTILINE))
    properties = {}
    required = []
    for name, parameter in inspect.signature(function).parameters.items():
        properties[name] = {**_type(parameter.annotation), "description": described[name]}
        if parameter.default is parameter.empty:
            required.append(name)
        else:
            properties[name]["default"] = parameter.default
    return {
        "type": "function",
        "function": {
            "name": function.__name__,
            "description": function.__doc__.splitlines()[0],
            "parameters": {
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": False,
            },
        },
    }


def _type(annotation):
    from typing import get_args

    names = {str: "string", int: "integer", bool: "boolean"}
    if annotation in names:
        return {"type": names[annotation]}
    item = get_args(get_args(annotation)[0])[0]
    return {"anyOf": [{"type": "array", "items": {"type": names[item]}}, {"type": "null"}]}


def ours_registration(bench):
    from trouplet import Toolkit

    Toolkit(many_functions(1))
    with bench.section(bench.size):
        toolkit = Toolkit(many_functions(bench.size))
    return len(toolkit)


def ours_calls(bench):
    return asyncio.run(_ours_calls(bench))


async def _ours_calls(bench):
    from trouplet import InMemoryMemory, Kernel

    async with Kernel() as kernel:
        model = kernel.model("openai:gpt-5-mini", stream=False)
        friday = kernel.agent("Friday", model=model, sys_prompt=SYSTEM_PROMPT, tools=many_functions(bench.size))
        reply = await friday(QUESTION, memory=InMemoryMemory())
        with bench.section(CALLS):
            for _ in range(CALLS):
                reply = await friday(QUESTION, memory=InMemoryMemory())
    return reply.text
