"""Google Cloud: speech to text (v2) and text to speech, over gRPC. Gemini has a room of its own."""
