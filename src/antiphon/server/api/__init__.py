"""The versioned API, `/v1`: every route says which permission it needs, and a gate asks for it."""
