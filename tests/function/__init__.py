"""The core, from inside."""
