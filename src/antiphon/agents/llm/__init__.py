"""Open conversation by a language model, and the flow that takes over when it fails."""
