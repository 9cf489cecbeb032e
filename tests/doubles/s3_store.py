"""The wire of an S3-compatible store, as far as whole objects go: put, get, delete, list. Requests must be
signed (AWS Signature Version 4, in the `Authorization` header) with the key that was given out.

Google Cloud Storage's XML API is the same wire; `GcsDouble` takes unsigned requests, as emulators of it do.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

ACCESS_KEY = "AKIATEST"
_SIGNED = re.compile(
    rf"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/\d{{8}}/[\w-]+/s3/aws4_request, SignedHeaders="
)


class S3Double(ThreadingHTTPServer):
    """Attributes: objects: By bucket and key ("bucket/key")."""

    @property
    def _exchange(self) -> type[BaseHTTPRequestHandler]:
        return _Exchange

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), self._exchange)
        self.objects: dict[str, bytes] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Exchange(BaseHTTPRequestHandler):
    server: S3Double
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self._refused():
            return
        self.server.objects[self._name()] = body
        self._answer(200, b"", ETag='"1"')

    def do_GET(self) -> None:
        if self._refused():
            return
        query = parse_qs(urlsplit(self.path).query)
        if query.get("list-type") == ["2"]:
            self._answer(200, self._listing(query.get("prefix", [""])[0]))
            return
        body = self.server.objects.get(self._name())
        if body is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._answer(200, body, ETag='"1"', **{"Last-Modified": "Thu, 28 May 2026 10:00:00 GMT"})

    def do_POST(self) -> None:
        """Deleting several at once."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self._refused():
            return
        bucket = self._name().split("/")[0]
        keys = re.findall(r"<Key>(.*?)</Key>", body)
        for key in keys:
            self.server.objects.pop(f"{bucket}/{key}", None)
        gone = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{gone}</DeleteResult>".encode())

    def do_DELETE(self) -> None:
        if not self._refused():
            self.server.objects.pop(self._name(), None)
            self._answer(204, b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it is called by
        pass

    def _refused(self) -> bool:
        if _SIGNED.match(self.headers.get("Authorization", "")):
            return False
        self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
        return True

    def _name(self) -> str:
        return unquote(urlsplit(self.path).path.lstrip("/"))

    def _listing(self, prefix: str) -> bytes:
        bucket = self._name().strip("/")
        entries = "".join(
            f"<Contents><Key>{escape(name.removeprefix(bucket + '/'))}</Key><Size>{len(body)}</Size>"
            '<LastModified>2026-05-28T10:00:00.000Z</LastModified><ETag>"1"</ETag></Contents>'
            for name, body in sorted(self.server.objects.items())
            if name.startswith(f"{bucket}/{prefix}")
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _GoogleExchange(_Exchange):
    def _refused(self) -> bool:
        return False


class GcsDouble(S3Double):
    @property
    def _exchange(self) -> type[BaseHTTPRequestHandler]:
        return _GoogleExchange

    @property
    def account(self) -> str:
        """A service account's key file that leads here."""
        nobody = {"client_email": "", "private_key": "", "private_key_id": ""}
        return json.dumps(nobody | {"gcs_base_url": self.url, "disable_oauth": True})


@contextmanager
def s3_store(kind: type[S3Double] = S3Double) -> Iterator[S3Double]:
    double = kind()
    thread = threading.Thread(target=double.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield double
    finally:
        double.shutdown()
        thread.join()
        double.server_close()
