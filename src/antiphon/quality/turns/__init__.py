"""Turn-taking judged on recordings: the real line, ears and core on virtual time, faster than life."""
