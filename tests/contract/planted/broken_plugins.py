"""Plugin classes with one fault each. ``caught_by`` names the test that has to fail."""

import httpx  # noqa: F401  # the fault of TestHeavyImport

from trouplet.builtin import TestModelsPlugin as SoundPlugin
from trouplet.hooks import hookimpl
from trouplet.testing import EchoModel
from trouplet.testing.contracts import PluginContract


class Faulty(PluginContract):
    """The sound plugin; this module's own import of httpx is only one fault's business."""

    plugin_class = SoundPlugin
    may_import = ("httpx", "asyncio")


class TestSound(Faulty):
    """The control: without a fault everything passes."""

    caught_by = None


class FuturePlugin(SoundPlugin):
    plugin_api = (99, 0)


class TestFutureApi(Faulty):
    caught_by = "test_it_is_written_for_an_api_that_this_kernel_speaks"
    plugin_class = FuturePlugin


class MisspeltPlugin(SoundPlugin):
    @hookimpl
    def create_modle(self, provider):
        return None


class TestMisspeltHook(Faulty):
    caught_by = "test_its_hooks_fit_their_specifications"
    plugin_class = MisspeltPlugin


class GreedyPlugin(SoundPlugin):
    def __init__(self, context, client):
        self.client = client


class TestMoreThanAContext(Faulty):
    caught_by = "test_it_is_made_from_a_context_alone"
    plugin_class = GreedyPlugin


class SinglePlugin(SoundPlugin):
    one = None

    def __new__(cls, context):
        cls.one = cls.one or super().__new__(cls)
        return cls.one


class TestSingleton(Faulty):
    caught_by = "test_each_kernel_gets_an_instance_of_its_own"
    plugin_class = SinglePlugin


class GrabbingPlugin(SoundPlugin):
    @hookimpl
    def create_model(self, model):
        return EchoModel()


class TestGrabsEverything(Faulty):
    caught_by = "test_it_leaves_to_others_what_is_not_its_own"
    plugin_class = GrabbingPlugin


class ListingPlugin(SoundPlugin):
    @hookimpl
    def list_models(self):
        return ["test:echo"]


class TestNamesInsteadOfInfos(Faulty):
    caught_by = "test_it_lists_its_models_without_asking_anybody"
    plugin_class = ListingPlugin


class TestHeavyImport(Faulty):
    caught_by = "test_importing_it_imports_nothing_heavy"
    plugin_class = type("Heavy", (SoundPlugin,), {"__module__": "httpx"})
    may_import = ()
