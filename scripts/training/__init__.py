"""Training and evaluation: from a file of observations to what `data/` holds."""
