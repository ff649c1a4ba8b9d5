"""What differs between the generations of Google's models, as far as requests are concerned.

Sources: the Gemini API's guides to thinking, thought signatures, media resolution and function calling, and "What's
new in Gemini 3.6 Flash", "… 3.8 Flash" and "… Gemini 4" (November 2026).
"""

from __future__ import annotations

from dataclasses import dataclass

_LEVELS = ("LOW", "MEDIUM", "HIGH")
_ALL_LEVELS = ("MINIMAL", *_LEVELS)


@dataclass(slots=True, frozen=True)
class Generation:
    """The rules of one family of models.

    ``levels`` are the thinking levels that it takes, from the least to the most; without any it takes a budget of
    thinking tokens within ``budgets``, and thinks least with ``least_budget``. ``samples`` tells whether it takes a
    temperature, top-p and top-k. With ``signs_calls`` it refuses calls of the current turn that bear no thought
    signature, with ``sees_results`` it takes images inside of function responses. ``image_tokens`` is what an image
    costs at the usual resolution; with ``tiles_images`` (until Gemini 2.5) each tile of a larger one costs as much.
    """

    levels: tuple[str, ...] = _LEVELS
    budgets: tuple[int, int] = (0, 0)
    least_budget: int = 0
    samples: bool = False
    signs_calls: bool = True
    sees_results: bool = True
    image_tokens: int = 1120
    tiles_images: bool = False


def _before_3(least: int, most: int, *, off: int = 0) -> Generation:
    return Generation(
        (), (least, most), off, samples=True, signs_calls=False, sees_results=False, image_tokens=258, tiles_images=True
    )


_BY_NAME = {
    "gemini-2.5": _before_3(1, 24_576),
    "gemini-2.5-flash-lite": _before_3(512, 24_576),
    "gemini-2.5-pro": _before_3(128, 32_768, off=128),
    "gemini-3-": Generation(_ALL_LEVELS, samples=True),
    "gemini-3-pro": Generation(samples=True),
    "gemini-3.1": Generation(_ALL_LEVELS, samples=True),
    "gemini-3.1-pro": Generation(samples=True),
    "gemini-3.5-flash": Generation(_ALL_LEVELS, samples=True),
    "gemini-3.5-flash-lite": Generation(_ALL_LEVELS),
    "gemini-3.6": Generation(_ALL_LEVELS),
    "gemini-4-hydrogen": Generation((*_LEVELS, "XHIGH")),
    "gemma": Generation(("MINIMAL", "HIGH"), samples=True, signs_calls=False, sees_results=False, image_tokens=258),
}
_CURRENT = Generation()


def generation_of(model: str) -> Generation:
    """Return the rules of a model by its name; of one that is not known, those of the newest."""
    name = model.rpartition("/")[2]
    fitting = [known for known in _BY_NAME if name.startswith(known)]
    return _BY_NAME[max(fitting, key=len)] if fitting else _CURRENT
