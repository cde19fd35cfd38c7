"""What the other contenders serve, each in a process of its own."""
