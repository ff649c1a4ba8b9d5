import pytest

from trouplet.errors import BadInput
from trouplet.messages import Base64Source, ImageBlock, Msg, TextBlock, ThinkingBlock, ToolUseBlock, URLSource


def test_text_is_one_text_block() -> None:
    assert Msg("ann", "hi").content == (TextBlock("hi"),)


def test_one_block_is_a_content_of_one() -> None:
    image = ImageBlock(URLSource("https://example.com/a.png"))
    assert Msg("ann", image).content == (image,)


def test_text_joins_the_text_blocks_only() -> None:
    msg = Msg("ann", [TextBlock("a"), ThinkingBlock("hm"), TextBlock("b")], "assistant")
    assert (msg.text, msg.thinking) == ("a\nb", "hm")
    assert Msg("ann", [ThinkingBlock("hm")], "assistant").text == ""


def test_blocks_filters_by_class() -> None:
    call = ToolUseBlock("1", "add", {})
    assert Msg("ann", [TextBlock("a"), call], "assistant").blocks(ToolUseBlock) == [call]


@pytest.mark.parametrize("content", [42, None, {"type": "text"}, ["text"], [TextBlock("a"), "b"]])
def test_other_content_is_refused_with_what_to_give(content: object) -> None:
    with pytest.raises(BadInput, match="content block"):
        Msg("ann", content)  # type: ignore[arg-type]


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(BadInput, match="'usr'"):
        Msg("ann", "hi", "usr")  # type: ignore[arg-type]


def test_messages_are_immutable_and_equal_by_id() -> None:
    msg = Msg("ann", "hi")
    with pytest.raises(AttributeError):
        msg.name = "bob"  # type: ignore[misc]
    assert msg == Msg("ann", "other text", id=msg.id)
    assert msg != Msg("ann", "hi")
    assert len({msg, Msg("ann", "hi", id=msg.id)}) == 1


def test_ids_are_128_random_bits_and_times_know_their_zone() -> None:
    ids = {Msg("ann", "hi").id for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(id) == 32 for id in ids)
    assert Msg("ann", "hi").timestamp.tzinfo is not None


def test_base64_data_stays_out_of_repr() -> None:
    assert "QUJD" not in repr(ImageBlock(Base64Source("image/png", "QUJD")))
