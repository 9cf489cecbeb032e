"""Write the types of the TypeScript client anew, from the OpenAPI document of this source tree.

Needs Node.js 20.19 or newer and, once, the npm registry. A test says when it has to be run: the file begins
with a digest of the document it was made from.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CLIENT = ROOT / "clients/typescript"
TYPES = CLIENT / "src/schema.ts"


def document_json() -> str:
    from antiphon.server.api.document import openapi_document

    return json.dumps(openapi_document(), sort_keys=True, indent=1)


def digest_line(document: str) -> str:
    """The first line of `schema.ts`."""
    digest = hashlib.sha256(document.encode()).hexdigest()
    return (
        f"// Made by scripts/typescript_client.py from the OpenAPI document {digest[:16]}. Not to be edited."
    )


def main() -> None:
    document = document_json()
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "openapi.json", Path(folder) / "schema.ts"
        source.write_text(document, encoding="utf-8")
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=CLIENT, check=True)
        # What has a default may be left out of a request.
        command = ["npm", "exec", "--", "openapi-typescript", str(source), "--default-non-nullable=false"]
        subprocess.run([*command, "--output", str(made)], cwd=CLIENT, check=True)
        TYPES.write_text(f"{digest_line(document)}\n{made.read_text(encoding='utf-8')}", encoding="utf-8")
    print(f"{TYPES.relative_to(ROOT)} is written", file=sys.stderr)


if __name__ == "__main__":
    main()
