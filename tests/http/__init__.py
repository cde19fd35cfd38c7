"""The HTTP contract, over a real socket."""
