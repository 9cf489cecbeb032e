"""One place a vendor of speech or language models; `registry` gives their ports by name."""
