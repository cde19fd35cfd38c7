"""The function as one would write it in an afternoon, to measure ours beside it."""
