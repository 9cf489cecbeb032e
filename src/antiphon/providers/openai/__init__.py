"""OpenAI: speech to text, text to speech, language models, speech to speech."""
