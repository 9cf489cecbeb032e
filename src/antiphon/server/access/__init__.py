"""Who asks, and what he may: API keys, people by OIDC, tokens for browsers, roles, rate limits."""
