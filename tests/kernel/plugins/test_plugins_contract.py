"""What the contract check finds in a plugin class before anything is registered."""

import functools

import pluggy
import pytest

from trouplet import hookspecs
from trouplet.hooks import hookimpl
from trouplet.plugin_contract import api_mistake, hook_parameters, is_ahead, mistakes


def _plugin(**attributes):
    return type("P", (), {"plugin_api": (1, 0), **attributes})


def _only(plugin_class):
    (mistake,) = mistakes(plugin_class)
    return mistake


@hookimpl
def _create_model(self, provider, model, config):
    return None


def test_a_class_that_keeps_the_contract_has_no_mistakes():
    assert mistakes(_plugin(create_model=_create_model)) == []
    assert api_mistake(_plugin()) == ""


def test_hooks_may_leave_out_parameters_and_take_them_in_any_order():
    class P:
        @hookimpl
        def create_model(self, config, provider): ...

        @hookimpl
        def list_models(self): ...

    assert mistakes(P) == []


def test_static_and_class_methods_are_hooks_too():
    class P:
        @staticmethod
        @hookimpl
        def create_model(provider, model, config): ...

        @classmethod
        @hookimpl
        def list_models(cls): ...

    assert mistakes(P) == []


@pytest.mark.parametrize(
    ("api", "words"),
    [
        (None, "has no plugin_api; add: plugin_api = (1, 0)"),
        ("1.0", "not a pair of whole numbers"),
        ((1,), "not a pair of whole numbers"),
        ((1.0, 0), "not a pair of whole numbers"),
        ((True, 0), "not a pair of whole numbers"),
        ([1, 0], "not a pair of whole numbers"),
        ((0, 9), "written for plugin API 0.9, and this kernel speaks 1.0"),
        ((1, 1), "written for plugin API 1.1"),
        ((2, 0), "written for plugin API 2.0"),
    ],
)
def test_an_api_version_that_this_kernel_does_not_speak_is_a_mistake(api, words):
    assert words in api_mistake(_plugin(plugin_api=api))


def test_a_class_for_a_newer_kernel_is_told_from_one_that_is_too_old():
    assert is_ahead(_plugin(plugin_api=(1, 1)))
    assert not is_ahead(_plugin(plugin_api=(0, 9)))
    assert not is_ahead(_plugin(plugin_api="2.0"))


def test_a_misspelt_hook_is_a_mistake_with_a_suggestion():
    class P:
        @hookimpl
        def creat_model(self, provider): ...

    assert _only(P) == "there is no hook 'creat_model'. Did you mean 'create_model'?"


def test_a_misspelt_specname_is_a_mistake():
    class P:
        @hookimpl(specname="befor_acting")
        def guard(self, call): ...

    assert "no hook 'befor_acting'. Did you mean 'before_acting'?" in _only(P)


def test_a_specname_that_exists_is_fine():
    class P:
        @hookimpl(specname="before_acting")
        def guard(self, call): ...

    assert mistakes(P) == []


def test_an_optional_hook_may_be_unknown():
    class P:
        @hookimpl(optionalhook=True)
        def from_the_future(self, anything): ...

    assert mistakes(P) == []


def test_a_keyword_only_parameter_is_a_mistake():
    class P:
        @hookimpl
        def create_model(self, provider, *, config): ...

    assert "'config' is keyword-only" in _only(P)


@pytest.mark.parametrize("code", ["*rest", "**options"])
def test_a_parameter_that_collects_others_is_a_mistake(code):
    namespace = {}
    exec(f"def create_model(self, {code}): ...", namespace)
    assert f"{code!r} never gets anything; name the parameters: provider, model, config" in _only(
        _plugin(create_model=hookimpl(namespace["create_model"]))
    )


def test_a_parameter_that_the_hook_does_not_have_is_a_mistake():
    class P:
        @hookimpl
        def create_model(self, providr): ...

        @hookimpl
        def kernel_started(self, everything): ...

    assert mistakes(P) == [
        "create_model(): the hook has no parameter 'providr'. Did you mean 'provider'?",
        "kernel_started(): the hook has no parameter 'everything'. It has: kernel.",
    ]


def test_a_default_for_a_parameter_of_the_hook_is_a_mistake_but_not_for_one_of_ones_own():
    class P:
        @hookimpl
        def create_model(self, provider, config=None, cache=None): ...

    assert "'config' has a default" in _only(P)


def test_a_method_without_self_is_a_mistake():
    class P:
        @hookimpl
        def create_model(provider, model, config): ...

        @hookimpl
        def list_models(): ...

    assert mistakes(P) == ["create_model() does not take self", "list_models() does not take self"]


@pytest.mark.parametrize("hook", [name for name in hook_parameters() if name.startswith(("create_", "wrap_", "on_"))])
def test_a_synchronous_hook_that_is_async_is_a_mistake(hook):
    async def implementation(self): ...

    assert f"{hook} is called synchronously" in _only(_plugin(**{hook: hookimpl(implementation)}))


@pytest.mark.parametrize(
    "hook", [name for name in hook_parameters() if name.startswith(("before_", "after_", "kernel"))]
)
def test_a_run_time_hook_may_be_async(hook):
    async def implementation(self): ...

    assert mistakes(_plugin(**{hook: hookimpl(implementation)})) == []


def test_an_async_function_behind_a_decorator_is_seen():
    def logged(function):
        @functools.wraps(function)
        def call(*arguments):
            return function(*arguments)

        return call

    class P:
        @hookimpl
        @logged
        async def create_model(self, provider): ...

    assert "called synchronously" in _only(P)


def test_no_hook_is_an_async_generator():
    class P:
        @hookimpl
        async def before_reply(self, msgs):
            yield

    assert "async generator" in _only(P)


def test_a_hook_that_is_no_plain_method_is_a_mistake():
    class P:
        create_model = hookimpl(functools.partial(_create_model))

        @property
        @hookimpl
        def list_models(self): ...

    assert mistakes(P) == [
        "create_model is a partial; mark a plain method",
        "list_models is a property; mark a plain method",
    ]


def test_wrappers_of_pluggys_own_are_a_mistake():
    marker = pluggy.HookimplMarker("trouplet")

    class P:
        @marker(wrapper=True)
        def create_model(self):
            return (yield)

    assert "is a pluggy wrapper" in _only(P)


def test_a_class_that_compares_its_instances_is_a_mistake():
    class P:
        def __eq__(self, other):
            return True

        __hash__ = None

    assert "defines __eq__" in _only(P)


def test_every_mistake_is_reported_at_once():
    class P:
        @hookimpl
        async def create_model(self, provider, *, config): ...

        @hookimpl
        def lst_models(self): ...

    assert len(mistakes(P)) == 3


def test_what_the_check_knows_is_what_the_specifications_say():
    assert hook_parameters()["create_formatter"] == ("name", "model", "config")
    assert set(hook_parameters()) == {name for name, spec in vars(hookspecs).items() if hasattr(spec, "trouplet_spec")}
    assert len(hook_parameters()) == 25
