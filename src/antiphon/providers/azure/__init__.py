"""Azure AI Speech: speech to text and text to speech, over the service's own sockets."""
