"""The embedded models: ports that need no network, and the worker process they run in."""
