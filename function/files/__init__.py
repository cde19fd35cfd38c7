"""Files as bodies of /predict: CSV, the Bureau's own files and NDJSON in, and CSV out."""
