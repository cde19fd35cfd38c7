"""Commands of the project; what they share is the package `scripts.training`."""
