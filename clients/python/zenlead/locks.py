"""Takes locks of the zen-lead api over gRPC.

It counts validity on the monotonic clock, from before each request was sent. `lost` of a held lock
is set before that time is over, and as soon as the grant is known to be lost. A request whose answer
is lost is sent again with the same id, which gets the same grant.

It does not guarantee that work stops in time: a paused process notices nothing. Hand `token` to the
resource with each write, and have it refuse a smaller one than it has seen.
"""

import contextlib
import math
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Callable, Iterator, Optional

import grpc

from zenlead.v1 import lock_pb2, lock_pb2_grpc

# The work has this long to stop before the grant ends.
MARGIN_SECONDS = 1.0
# Between attempts while the api gives no answer.
RETRY_SECONDS = 0.25
# The api answers a renewal within milliseconds; a replica that hangs must not cost the lock.
RENEWAL_TIMEOUT_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 600

# After these the same request may be sent again.
_PASSING = {
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}


class LockLost(Exception):
    """The grant was lost, or its time was over, while the work ran."""


@dataclass
class HeldLock:
    """One grant. `token` is the fencing token; `lost` is set when the work has to stop."""

    token: int
    grant_id: str
    valid_until: float
    lost: threading.Event = field(default_factory=threading.Event)


class LockClient:
    """Takes locks over a channel, which stays the caller's to close.

    `read_token` is called for each request, because a projected token is replaced every hour.
    """

    def __init__(self, channel: grpc.Channel, read_token: Optional[Callable[[], str]] = None):
        self._stub = lock_pb2_grpc.LockServiceStub(channel)
        self._read_token = read_token

    @contextlib.contextmanager
    def hold(
        self,
        namespace: str,
        name: str,
        holder: str,
        ttl_seconds: int = 30,
        wait_seconds: float = 0,
        lock_delay_seconds: int = 0,
        on_place: Optional[Callable[[int], None]] = None,
    ) -> Iterator[HeldLock]:
        """Waits for the lock, holds it while the block runs, and gives it back.

        Raises grpc.RpcError with ABORTED where the lock was not granted in time, and LockLost after
        the block where the lock was lost while it ran.
        """
        request = lock_pb2.AcquireRequest(
            namespace=namespace,
            name=name,
            request_id=uuid.uuid4().hex,
            holder=holder,
            ttl_seconds=ttl_seconds,
            lock_delay_seconds=lock_delay_seconds,
        )
        held = self._acquire(request, wait_seconds, on_place)
        done = threading.Event()
        keeping = threading.Thread(target=self._keep, args=(request, held, done), daemon=True)
        keeping.start()
        try:
            yield held
        finally:
            done.set()
            keeping.join()
            # What cannot be given back expires.
            if not held.lost.is_set():
                with contextlib.suppress(grpc.RpcError):
                    self._stub.Release(
                        lock_pb2.ReleaseRequest(
                            namespace=namespace, name=name, grant_id=held.grant_id, token=held.token
                        ),
                        timeout=RENEWAL_TIMEOUT_SECONDS,
                        metadata=self._metadata(),
                    )
        if held.lost.is_set():
            raise LockLost(f"the lock {namespace}/{name} was lost")

    def _metadata(self):
        if self._read_token is None:
            return ()
        return (("authorization", f"Bearer {self._read_token().strip()}"),)

    def _acquire(self, request, wait_seconds, on_place) -> HeldLock:
        ends_at = time.monotonic() + wait_seconds
        while True:
            sent_at = time.monotonic()
            left = max(0.0, ends_at - sent_at)
            request.wait_seconds = min(math.ceil(left), LONGEST_WAIT_SECONDS)
            try:
                for answer in self._stub.Acquire(request, metadata=self._metadata()):
                    if answer.HasField("waiting") and on_place is not None:
                        on_place(answer.waiting.position)
                    if answer.HasField("grant"):
                        grant = answer.grant
                        valid_until = sent_at + grant.valid_for_ms / 1000
                        return HeldLock(grant.token, grant.grant_id, valid_until)
            except grpc.RpcError as error:
                if error.code() not in _PASSING or time.monotonic() >= ends_at:
                    raise
            time.sleep(min(RETRY_SECONDS, max(0.0, ends_at - time.monotonic())))

    def _keep(self, request, held, done):
        """Renews until the block has ended, and says so where the grant is lost or its time over."""
        every = request.ttl_seconds / 3
        wait = min(every, max(0.0, held.valid_until - time.monotonic() - MARGIN_SECONDS) / 2)
        while True:
            left = held.valid_until - MARGIN_SECONDS - time.monotonic()
            if done.wait(max(0.0, min(wait, left))):
                return
            sent_at = time.monotonic()
            left = held.valid_until - MARGIN_SECONDS - sent_at
            if left <= 0:
                held.lost.set()
                return
            try:
                answer = self._stub.Renew(
                    lock_pb2.RenewRequest(
                        namespace=request.namespace,
                        name=request.name,
                        grant_id=held.grant_id,
                        token=held.token,
                    ),
                    timeout=min(RENEWAL_TIMEOUT_SECONDS, left),
                    metadata=self._metadata(),
                )
                held.valid_until = max(held.valid_until, sent_at + answer.valid_for_ms / 1000)
                wait = every
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.FAILED_PRECONDITION:
                    held.lost.set()
                    return
                wait = RETRY_SECONDS
