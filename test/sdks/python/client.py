"""Sends and receives events with the Python SDK of CloudEvents, as test/sdks/sdks.test.ts asks for."""

import json
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

printing = threading.Lock()


def say(line):
    with printing:
        print(json.dumps(line), flush=True)


def read(headers, body):
    event = http.from_http_event(http.HTTPMessage(headers=dict(headers), body=body))
    return json.loads(JSONFormat().write(event))


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        say({"received": read(self.headers.items(), body)})
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def send(asked):
    attributes = dict(asked["event"])
    data = attributes.pop("data", None)
    if asked["mode"] == "bytes":
        # Data of no stated type.
        attributes.pop("datacontenttype", None)
        data = json.dumps(data).encode()
    event = JSONFormat().read(None, json.dumps(attributes).encode())
    event = CloudEvent(event.get_attributes(), data)
    message = http.to_binary_event(event) if asked["mode"] == "binary" else http.to_structured_event(event)
    request = urllib.request.Request(asked["url"], data=message.body, headers=message.headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            body = response.read()
            reply = read(response.headers.items(), body) if body else None
            return {"status": response.status, "event": reply}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "event": None}


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
say({"url": f"http://127.0.0.1:{server.server_port}/events"})
for line in sys.stdin:
    say({"answer": send(json.loads(line))})
