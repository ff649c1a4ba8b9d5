import pytest

from trouplet import InMemoryMemory, Msg, StateModule
from trouplet.errors import NotStorable, StateError


class Inner(StateModule):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.register_state("count")


class Outer(StateModule):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Inner()
        self.memory = InMemoryMemory()
        self.tags = {"a"}
        self.register_state("tags", to_json=sorted, from_json=set)


async def test_nested_state_comes_back() -> None:
    module = Outer()
    module.inner.count = 3
    module.tags.add("b")
    await module.memory.add([Msg("user", "hi")])
    other = Outer()
    other.load_state_dict(module.state_dict())
    assert (other.inner.count, other.tags, await other.memory.get()) == (3, {"a", "b"}, await module.memory.get())


def test_strict_loading_names_what_is_missing() -> None:
    with pytest.raises(KeyError, match="tags"):
        Outer().load_state_dict({"inner": {"count": 1}, "memory": InMemoryMemory().state_dict()})
    module = Outer()
    module.load_state_dict({"inner": {"count": 1}}, strict=False)
    assert (module.inner.count, module.tags) == (1, {"a"})


def test_a_module_set_before_super_init_is_an_error_that_names_the_class() -> None:
    class Hasty(StateModule):
        def __init__(self) -> None:
            self.inner = Inner()

    with pytest.raises(AttributeError, match="Hasty"):
        Hasty()


def test_a_value_without_a_json_form_needs_converters() -> None:
    module = Inner()
    module.socket = object()
    with pytest.raises(NotStorable, match=r"Inner\.socket"):
        module.register_state("socket")


def test_a_module_is_not_registered_again() -> None:
    with pytest.raises(StateError, match="inner"):
        Outer().register_state("inner")
