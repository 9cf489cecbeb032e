"""Calls from a web page: WebRTC in the media worker, Opus both ways, a data channel for the screen."""

from antiphon.calls.browser.lines import BrowserLines
from antiphon.calls.browser.settings import BrowserSettings, IceServer, browser_settings

__all__ = ["BrowserLines", "BrowserSettings", "IceServer", "browser_settings"]
