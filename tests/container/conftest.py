collect_ignore = ["tester"]  # they have a pytest of their own
