"""Subscribes to leader events: acts once for each change of a leader, in the order of epochs.

    PORT=8080 python3 subscriber.py
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

# The last epoch of each Service. Keep it where your action is done, if the action must not run
# twice.
epochs = {}
lock = Lock()


def act(event):
    data = event["data"]
    leader = data["leader"]["name"] if data["leader"] else "none"
    print(f"{event['subject']} leader={leader} epoch={data['epoch']} reason={data['reason']}", flush=True)


def take(event):
    # Events of other types may come: answer 2xx, or they are sent again.
    if not event["type"].startswith("io.zen-lead.leader."):
        return
    key = (event["source"], event["subject"])
    epoch = event["data"]["epoch"]
    with lock:
        # At least once, and a retry may come after a newer event. The end of a Service keeps its
        # epoch.
        last = epochs.get(key, 0)
        if epoch < last or (epoch == last and event["data"]["leader"]):
            return
        epochs[key] = epoch
        act(event)


class Subscriber(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            take(json.loads(body))
            self.send_response(204)
        except (ValueError, KeyError, TypeError):
            self.send_response(400)
        self.end_headers()

    def log_message(self, format, *args):
        pass


server = ThreadingHTTPServer(("", int(os.environ.get("PORT", 8080))), Subscriber)
print(f"listening on {server.server_port}", flush=True)
server.serve_forever()
