"""What the function withstands: load, faults, hostile input, tampering."""
