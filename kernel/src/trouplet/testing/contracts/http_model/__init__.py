"""The contract of chat models behind HTTP: the suite plays the provider, and misbehaves as providers do."""
