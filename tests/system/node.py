"""Starts and stops the node under test, and speaks HTTP to it byte by byte where a well-behaved client would not do."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlparse

START_SECONDS = 240
URL = re.compile(r"http://127\.0\.0\.1:(\d+)")


class Node:
    """One `assay up` process. Without `data` it has a data directory of its own, which goes with it."""

    def __init__(self, *options, data=None):
        self.own_data = tempfile.TemporaryDirectory() if data is None else None
        self.data = str(data or self.own_data.name)
        options = options or ("--model", os.environ["ASSAY_TEST_MODEL"])
        command = [os.environ["ASSAY_BINARY"], "up", *map(str, options), "--port", "0", "--data-dir", self.data]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.output = []
        self._ready = threading.Event()
        self.url = None
        for stream in (self.process.stdout, self.process.stderr):
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()
        if not self._ready.wait(START_SECONDS) or self.url is None:
            self.process.kill()
            raise RuntimeError("the node printed no URL:\n" + "".join(self.output))

    def _read(self, stream):
        for line in stream:
            self.output.append(line)
            found = URL.search(line)
            if found and self.url is None:
                self.url = found.group(0)
                self._ready.set()
        if self.process.poll() is not None:
            self._ready.set()

    @property
    def address(self):
        parsed = urlparse(self.url)
        return parsed.hostname, parsed.port

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds=60):
        return self.process.wait(seconds)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.own_data is not None:
            self.own_data.cleanup()

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def post(self, path, body, headers=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, data, {"Content-Type": "application/json", **(headers or {})})

    def request(self, method, path, data=None, headers=None):
        """(status, headers, text), whatever the status."""
        request = urllib.request.Request(self.url + path, data=data, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return response.status, response.headers, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def error(self, path, body):
        status, _, text = self.post(path, body)
        return status, json.loads(text)["error"]

    def metric(self, name):
        total = 0.0
        for line in self.get("/metrics")[2].splitlines():
            if line.startswith(name) and line[len(name)] in " {":
                total += float(line.rsplit(" ", 1)[1])
        return total

    def raw(self, text, receive_buffer=None):
        """A socket on which `text` was sent."""
        client = socket.socket()
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(120)
        client.connect(self.address)
        client.sendall(text if isinstance(text, bytes) else text.encode())
        return client

    def raw_post(self, path, body, **options):
        data = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        return self.raw(head.encode() + data, **options)


def wait_for(condition, seconds=60):
    """Polls; for states that the node reaches by itself."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def read_all(client):
    data = b""
    while chunk := client.recv(65536):
        data += chunk
    return data
