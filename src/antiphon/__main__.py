"""`python -m antiphon` is `antiphon`."""

from __future__ import annotations

import sys

from antiphon.cli import main

sys.exit(main())
