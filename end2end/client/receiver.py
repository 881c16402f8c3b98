"""A receiver of webhooks: a real HTTP server in a thread, which answers as it is told and remembers what came."""

import base64
import datetime
import hashlib
import hmac
import http.server
import ipaddress
import json
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Received:
    """One request. `reply` is the status that it was answered with; `None` if it was left without an answer."""

    def __init__(self, path, headers, body, reply):
        self.reply = reply
        self.path = path
        self.headers = headers
        self.body = body
        self.id = headers.get("X-MLflow-Delivery-Id")
        message = json.loads(body)
        self.event = f"{message['entity']}.{message['action']}"
        self.data = message["data"]
        self.time = datetime.datetime.fromisoformat(message["timestamp"])

    def is_signed_with(self, secret):
        signed = f"{self.id}.{self.headers['X-MLflow-Timestamp']}.{self.body}".encode()
        wanted = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(self.headers["X-MLflow-Signature"], f"v1,{wanted}")


class Receiver:
    """Answers each request with the next of `replies`: a status, or an event to wait for; 200 when there are no more."""

    def __init__(self, port=0, tls=None):
        self.received = []
        self.replies = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                reply = outer.replies.pop(0) if outer.replies else 200
                silent = isinstance(reply, threading.Event)
                outer.received.append(Received(self.path, self.headers, body, None if silent else reply))
                if silent:
                    reply.wait()
                    return
                self.send_response(reply)
                if 300 <= reply < 400:
                    self.send_header("Location", "/redirected")
                self.end_headers()
                self.wfile.write(b"hello")

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def url(self, path="/", host="127.0.0.1", scheme="http"):
        return f"{scheme}://{host}:{self.port}{path}"

    def wait_for(self, count, seconds=20, wanted=lambda request: True):
        """The first `count` requests of those wanted."""
        deadline = time.monotonic() + seconds
        while len(found := [r for r in self.received if wanted(r)]) < count:
            assert time.monotonic() < deadline, f"{count} wanted, {[r.event for r in self.received]} came"
            time.sleep(0.02)
        return found[:count]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def certificate(path):
    """A certificate for `localhost` and its key, signed by itself, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return str(path)
