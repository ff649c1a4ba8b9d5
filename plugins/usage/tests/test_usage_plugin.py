"""How the plugin takes part in runs."""

from importlib.metadata import entry_points

from trouplet.model_io import ModelRequest
from trouplet.run_state import RunState
from trouplet.scope import Scope
from trouplet.testing import PluginStand
from trouplet_usage import UsagePlugin


def test_the_entry_point_leads_to_the_plugin():
    [found] = entry_points(group="trouplet.hooks", name="usage")
    assert found.load() is UsagePlugin


async def test_the_stream_of_a_model_is_passed_on_as_it_is(scripted):
    model = scripted("hi")
    made = []

    def stream(request):
        made.append(model.stream(request))
        return made[0]

    class Asking:
        clock = staticmethod(lambda: None)

    agent = Asking()
    agent.model = model
    call = UsagePlugin(PluginStand("usage")).wrap_model_call(stream, Scope(agent, RunState("r", "a", 1)))
    assert call(ModelRequest([])) is made[0]


async def test_streamed_runs_are_measured_like_others(measured, agent):
    from trouplet_usage import usage_report

    kernel = await measured()
    async with agent(kernel, "hi").stream("go") as run:
        async for _ in run:
            pass
    assert usage_report(kernel, run_id=run.reply.run_id).usage.calls == 1


async def test_an_agent_that_asks_no_model_is_not_in_the_way(measured):
    from trouplet.agent import Agent
    from trouplet.messages import Msg

    class Parrot(Agent):
        async def reply(self, msgs, run):
            return Msg(self.name, msgs[-1].text, "assistant")

    kernel = await measured(run={"money": 1})
    assert (await Parrot("Polly", kernel=kernel)("hello")).text == "hello"
