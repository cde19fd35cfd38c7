"""Makes requests that nobody honest would send, and tells what is wrong with the answers."""
