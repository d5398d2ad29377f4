"""Counts in a file, one process at a time, by a lock of the zen-lead api.

    python3 example.py --address zen-lead-api.zen-lead:8082 --lock shop/reports --file counter

The file holds the count and the token of its last writer. A write with a smaller token is refused:
that is what a resource has to do. ZEN_LEAD_TOKEN_FILE names a projected token. With --ca the connection
is TLS, and the api has to show a certificate of that authority.
"""

import argparse
import os
import pathlib

import grpc

from zenlead.locks import LockClient


def count(file, token):
    """The resource: it refuses a token that is smaller than the last one."""
    counted, last = map(int, file.read_text().split()) if file.exists() else (0, 0)
    if token < last:
        raise ValueError(f"refused: token {token} comes after {last}")
    file.write_text(f"{counted + 1} {token}\n")


def connect(address, ca):
    if ca is None:
        return grpc.insecure_channel(address)
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(ca.read_bytes()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", default="127.0.0.1:8082", help="of the api")
    parser.add_argument("--ca", type=pathlib.Path, help="PEM file of the api's authority; without it, clear text")
    parser.add_argument("--lock", default="default/reports", help="NAMESPACE/NAME")
    parser.add_argument("--file", default="counter", type=pathlib.Path, help="holds the count and the last token")
    parser.add_argument("--times", default=10, type=int, help="how often to count")
    parser.add_argument("--hold", default=0, type=float, help="seconds to keep each grant")
    asked = parser.parse_args()
    namespace, name = asked.lock.split("/")
    token_file = os.environ.get("ZEN_LEAD_TOKEN_FILE")
    read_token = None if token_file is None else lambda: pathlib.Path(token_file).read_text()
    with connect(asked.address, asked.ca) as channel:
        locks = LockClient(channel, read_token)
        for _ in range(asked.times):
            with locks.hold(namespace, name, f"python-{os.getpid()}", ttl_seconds=5, wait_seconds=300) as held:
                print("token", held.token, flush=True)
                if held.lost.wait(asked.hold):
                    continue
                count(asked.file, held.token)


if __name__ == "__main__":
    main()
