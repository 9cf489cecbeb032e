"""Azure AI Speech: text to speech, through the native library of its SDK."""
