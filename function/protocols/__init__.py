"""Foreign protocols, a file each: they speak to their callers and let the core answer."""
