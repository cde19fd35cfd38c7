"""The API described for machines, as OpenAPI 3.1, and for people who want to try it."""
