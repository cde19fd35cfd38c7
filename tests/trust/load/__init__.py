"""Load for tests: callers who wait for their answers, and callers who do not."""
