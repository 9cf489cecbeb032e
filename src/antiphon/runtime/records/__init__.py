"""What a call was, derived from its trace: transcript, latency waterfall, tools, interruptions, outcome."""
