"""Tests; they mirror the project, and call it as its users do."""
