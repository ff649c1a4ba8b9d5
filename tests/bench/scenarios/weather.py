"""The tool that both sides call, and what the floor tells the model about it."""

SYSTEM_PROMPT = "You're a helpful assistant."
QUESTION = "What is the weather like in Paris?"


async def get_weather(city: str, unit: str = "celsius") -> str:
    """Tell the weather in a city.

    Args:
        city: The name of the city.
        unit: The unit of the temperature.
    """
    return f"It is 21 degrees {unit} in {city}."


def get_weather_sync(city: str, unit: str = "celsius") -> str:
    """Tell the weather in a city.

    Args:
        city: The name of the city.
        unit: The unit of the temperature.
    """
    return f"It is 21 degrees {unit} in {city}."


get_weather_sync.__name__ = "get_weather"

SCHEMA = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tell the weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "The name of the city."},
                "unit": {"type": "string", "description": "The unit of the temperature.", "default": "celsius"},
            },
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
