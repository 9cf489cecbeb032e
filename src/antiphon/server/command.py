"""`antiphon serve`."""

from __future__ import annotations

import argparse
import os
import sys

from antiphon.errors import AntiphonError, ConfigError


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `serve`."""
    serve = commands.add_parser("serve", help="answer calls: talk page, phone endpoint, API")
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    serve.add_argument("--port", type=int, default=8080, help="pages, API and webhooks (default 8080)")
    serve.add_argument("--media-port", type=int, default=8081, help="carriers' media streams (default 8081)")
    serve.add_argument("--agents", default="", metavar="DIR", help="folder of agent files (default agents)")
    serve.add_argument(
        "--home", default="", metavar="DIR", help="where calls and data go (default .antiphon)"
    )
    serve.add_argument(
        "--drain", type=float, default=30.0, metavar="S", help="seconds calls may go on at the end"
    )
    serve.add_argument(
        "--sip", default="", metavar="HOST:PORT", help="speak SIP here too (antiphon[sip]; default: no SIP)"
    )
    serve.add_argument(
        "--sip-rtp-ports", default="", metavar="LOW-HIGH", help="UDP ports of SIP calls (default 16384-17383)"
    )
    serve.add_argument(
        "--routes", default="", metavar="FILE", help="which agent answers what (default routes.yaml, if any)"
    )
    serve.set_defaults(run=run_serve)


def run_serve(args: argparse.Namespace) -> int:
    """Run until Ctrl-C. Exit code 2: the operator has something to fix; 1: a worker did not start."""
    import uvloop

    from antiphon.server.house import models_process
    from antiphon.server.logs import log_to_stderr
    from antiphon.server.serving import serve
    from antiphon.server.settings import serve_settings

    log_to_stderr("control")
    try:
        settings = serve_settings(args)
        os.environ["ANTIPHON_HOME"] = str(settings.home.absolute())  # The workers write there too.
        return uvloop.run(serve(settings, _announce, prepare_models=models_process))
    except ConfigError as error:
        print(f"antiphon serve: {error}", file=sys.stderr)
        return 2
    except AntiphonError as error:
        print(f"antiphon serve: {error}", file=sys.stderr)
        return 1


def _announce(words: str) -> None:
    print(words, flush=True)
