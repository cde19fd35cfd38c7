"""The page for people: what a browser gets that opens the function's address."""
