"""PlayHT: voices over HTTP, at an address of your own. Its public service ended with 2025."""
