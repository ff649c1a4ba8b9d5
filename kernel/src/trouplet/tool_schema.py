"""The schema of a tool, from a function's signature and docstring; and the check of a call's arguments against it."""

from __future__ import annotations

import functools
import inspect
import warnings
from types import FunctionType
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints
from weakref import WeakKeyDictionary

from trouplet.errors import InvalidArguments, ToolNotUsable
from trouplet.model_io import ToolSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from docstring_parser import Docstring
    from pydantic import TypeAdapter

    Fields = dict[str, Any]

POSITIONAL_ONLY = inspect.Parameter.POSITIONAL_ONLY
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def tool_name(function: Callable[..., object]) -> str:
    """The name under which a callable becomes a tool."""
    if isinstance(function, functools.partial):
        return tool_name(function.func)
    return getattr(function, "__name__", "") or type(function).__name__


class UntypedToolWarning(UserWarning):
    """A parameter of a tool has no type: the model may send anything (TP-302)."""


class ArgumentCheck:
    """Validates the arguments of one tool; the errors are written for the model."""

    __slots__ = ("_adapter", "schema")

    def __init__(
        self, function: Callable[..., object], *, name: str | None = None, description: str | None = None
    ) -> None:
        name = name or tool_name(function)
        docstring = _docstring(function)
        try:
            self._adapter = _adapter(function, name, docstring)
            parameters = _without_titles(self._adapter.json_schema())
        except ToolNotUsable:
            raise
        except Exception as error:  # pydantic and type hints fail in many ways; all mean the same to the user
            raise ToolNotUsable(
                f"{name} is not usable as a tool",
                why=str(error).split("\n", maxsplit=1)[0],
                fix="Give its parameters JSON types",
            ) from error
        parameters.pop("description", None)
        self.schema = ToolSchema(name, _description(docstring) if description is None else description, parameters)

    def validate(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """Return the arguments with their declared types; raises ``InvalidArguments``.

        As strict as the schema that the model was given: ``"3"`` is no integer, and a call is never repaired. What JSON
        has no type for (dates, sets, enumerations) is made of what stands for it there.
        """
        from pydantic import ValidationError
        from pydantic_core import to_json

        try:
            return self._adapter.validate_json(to_json(arguments), strict=True)
        except ValidationError as error:
            problems = [_problem(detail) for detail in error.errors(include_url=False, include_context=False)]
            raise InvalidArguments("; ".join(problems)) from None
        except (RecursionError, ValueError) as error:
            raise InvalidArguments(f"the arguments cannot be checked ({error})") from None


_made: WeakKeyDictionary[Callable[..., object], ArgumentCheck] = WeakKeyDictionary()


def argument_check(
    function: Callable[..., object], *, name: str | None = None, description: str | None = None
) -> ArgumentCheck:
    """Return the check of a function's arguments; made once for a plain function, however many agents use it."""
    if name is not None or description is not None or not isinstance(function, FunctionType):
        return ArgumentCheck(function, name=name, description=description)
    check = _made.get(function)
    if check is None:
        check = _made[function] = ArgumentCheck(function)
    return check


def _problem(detail: Any) -> str:
    where = ".".join([str(part) for part in detail["loc"]]) or "arguments"
    given = repr(detail["input"])
    shown = "" if detail["type"] == "missing" else f" (given: {given[:80]}{'…' if len(given) > 80 else ''})"
    return f"{where}: {detail['msg']}{shown}"


def _docstring(function: Callable[..., object]) -> Docstring | None:
    text = inspect.getdoc(routine(function))
    if not text:
        return None
    from docstring_parser import ParseError, parse

    try:
        return parse(text)
    except ParseError:
        from docstring_parser import Docstring

        plain = Docstring()
        plain.short_description = text
        return plain


def routine(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function behind a callable: of a partial, or of an object with ``__call__``."""
    if isinstance(function, functools.partial):
        return routine(function.func)
    return function if inspect.isroutine(function) else function.__call__  # type: ignore[operator]


def _description(docstring: Docstring | None) -> str:
    if docstring is None:
        return ""
    parts = (docstring.short_description, docstring.long_description)
    return "\n\n".join([part.strip() for part in parts if part])


def _adapter(function: Callable[..., object], name: str, docstring: Docstring | None) -> TypeAdapter[dict[str, object]]:
    """Return an adapter for the function's parameters: a closed object with a key for each of them."""
    from pydantic import ConfigDict, TypeAdapter
    from typing_extensions import TypedDict

    make: Any = TypedDict
    arguments = make(name, _fields(function, name, docstring))
    arguments.__pydantic_config__ = ConfigDict(extra="forbid")
    return TypeAdapter(arguments)


def _fields(function: Callable[..., object], name: str, docstring: Docstring | None) -> Fields:
    from typing import NotRequired

    from pydantic import Field

    texts = {param.arg_name: param.description for param in docstring.params} if docstring is not None else {}
    hints = get_type_hints(inspect.unwrap(routine(function)), include_extras=True)
    fields: Fields = {}
    untyped = []
    for parameter in signature_of(function, name).parameters.values():
        _check_parameter(parameter, name)
        if parameter.name not in hints:
            untyped.append(parameter.name)
        kind = hints.get(parameter.name, Any)
        has_default = parameter.default is not inspect.Parameter.empty
        extra: dict[str, Any] = {"default": parameter.default} if has_default and _is_json(parameter.default) else {}
        info = Field(description=texts.get(parameter.name), json_schema_extra=extra or None)
        field = Annotated[kind, info] if texts.get(parameter.name) or extra else kind
        fields[parameter.name] = NotRequired[field] if has_default else field
    if untyped:
        warnings.warn(
            f'TP-302 {name}: no type for {", ".join(untyped)}; the model sees "any".', UntypedToolWarning, stacklevel=5
        )
    return fields


def signature_of(function: Callable[..., object], name: str) -> inspect.Signature:
    """Return a callable's signature; raises ``ToolNotUsable`` where there is none."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise ToolNotUsable(f"{name} is not usable as a tool: it has no signature", fix="Wrap it in a def") from error


def _check_parameter(parameter: inspect.Parameter, name: str) -> None:
    if parameter.kind in VARIADIC:
        stars = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else "**"
        raise ToolNotUsable(
            f"{name} is not usable as a tool: parameter {stars}{parameter.name} has no name the model could fill",
            fix="Wrap it in a def with named parameters",
        )
    if parameter.kind is POSITIONAL_ONLY:
        raise ToolNotUsable(
            f"{name} is not usable as a tool: parameter {parameter.name!r} is positional only",
            fix="Remove the / from its signature",
        )


def _is_json(value: object) -> bool:
    return value is None or isinstance(value, (str, int, float, bool))


def _without_titles(schema: Any, *, names: bool = False) -> Any:
    """Drop the titles that pydantic adds; ``names`` says that the keys here are names of the user's."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_titles(value, names=not names and key in ("properties", "$defs"))
        for key, value in schema.items()
        if names or key != "title" or not isinstance(value, str)
    }
