"""Embeddings within the limits of the models."""

import pytest

from trouplet.errors import BadSetting, Unsupported
from trouplet.messages import Base64Source, ImageBlock, URLSource, VideoBlock
from trouplet.model_io import ModelInfo
from trouplet_dashscope import DashScopeEmbedding

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
IMAGE = ImageBlock(Base64Source("image/png", PIXEL))
CLIP = VideoBlock(URLSource("https://example.com/clip.mp4"))


async def test_a_request_holds_no_more_images_and_videos_than_the_model_takes(dashscope, embedding):
    made = await embedding("qwen3-vl-embedding", dimensions=256).embed(["tea", *[IMAGE] * 7, CLIP, CLIP])
    assert len(made.vectors) == 10
    kinds = [[next(iter(one)) for one in body["input"]["contents"]] for _, _, body in dashscope.seen]
    assert kinds == [["text", *["image"] * 5], ["image", "image", "video"], ["video"]]
    assert made.usage.input_tokens == 10 + 3 * 3
    assert all([body["parameters"] == {"dimension": 256} for _, _, body in dashscope.seen])


async def test_a_video_has_to_be_on_the_web(embedding):
    with pytest.raises(Unsupported, match="by web address"):
        await embedding("qwen3-vl-embedding").embed([VideoBlock(URLSource("clip.mp4"))])


async def test_a_text_model_takes_no_images(dashscope, embedding):
    with pytest.raises(Unsupported, match="embeds no image"):
        await embedding("text-embedding-v4").embed([IMAGE])
    assert dashscope.seen == []


def test_the_dimensions_of_an_unknown_model_have_to_be_said():
    with pytest.raises(BadSetting, match="not known"):
        DashScopeEmbedding("qwen9-embedding", api_key="k")
    assert DashScopeEmbedding("qwen9-embedding", api_key="k", dimensions=7).dimensions == 7
    with pytest.raises(BadSetting, match="dimensions=0"):
        DashScopeEmbedding("text-embedding-v4", api_key="k", dimensions=0)


@pytest.mark.parametrize(
    ("model", "batch"), [("text-embedding-v4", 10), ("text-embedding-v2", 25), ("tongyi-embedding-vision-plus", 20)]
)
def test_batches_are_as_large_as_the_model_takes(model, batch):
    assert DashScopeEmbedding(model, api_key="k").batch_size == batch


def test_a_model_that_is_like_none_is_asked_for_one_image_at_a_time():
    info = ModelInfo("dashscope", "mine", frozenset({"vision"}), kind="embedding", dimensions=4)
    assert DashScopeEmbedding("mine", api_key="k", info=info)._limits.images == 1
