from tests.audio.conftest import watched

__all__ = ["watched"]
