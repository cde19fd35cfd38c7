"""Commands of the project, and beside them, in a package for each, what they run."""
