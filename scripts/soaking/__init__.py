"""The function in use for a while, by callers of all kinds, and what it takes meanwhile."""
