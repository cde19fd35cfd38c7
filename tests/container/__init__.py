"""What needs a Docker engine, and the testers that it runs."""
