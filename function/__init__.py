"""Will it rain tomorrow in this Australian town? A serverless function that answers."""

__version__ = "1.0.0"
