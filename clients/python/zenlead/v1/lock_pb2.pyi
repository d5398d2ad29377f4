import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from zenlead.v1 import leader_pb2 as _leader_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AcquireRequest(_message.Message):
    __slots__ = ("namespace", "name", "request_id", "holder", "ttl_seconds", "wait_seconds", "lock_delay_seconds")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    TTL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    LOCK_DELAY_SECONDS_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    request_id: str
    holder: str
    ttl_seconds: int
    wait_seconds: int
    lock_delay_seconds: int
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., request_id: _Optional[str] = ..., holder: _Optional[str] = ..., ttl_seconds: _Optional[int] = ..., wait_seconds: _Optional[int] = ..., lock_delay_seconds: _Optional[int] = ...) -> None: ...

class AcquireResponse(_message.Message):
    __slots__ = ("waiting", "grant", "heartbeat")
    WAITING_FIELD_NUMBER: _ClassVar[int]
    GRANT_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    waiting: Waiting
    grant: Grant
    heartbeat: _leader_pb2.Heartbeat
    def __init__(self, waiting: _Optional[_Union[Waiting, _Mapping]] = ..., grant: _Optional[_Union[Grant, _Mapping]] = ..., heartbeat: _Optional[_Union[_leader_pb2.Heartbeat, _Mapping]] = ...) -> None: ...

class Waiting(_message.Message):
    __slots__ = ("holder", "position")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    holder: str
    position: int
    def __init__(self, holder: _Optional[str] = ..., position: _Optional[int] = ...) -> None: ...

class Grant(_message.Message):
    __slots__ = ("token", "grant_id", "valid_for_ms")
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    VALID_FOR_MS_FIELD_NUMBER: _ClassVar[int]
    token: int
    grant_id: str
    valid_for_ms: int
    def __init__(self, token: _Optional[int] = ..., grant_id: _Optional[str] = ..., valid_for_ms: _Optional[int] = ...) -> None: ...

class RenewRequest(_message.Message):
    __slots__ = ("namespace", "name", "grant_id", "token")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    grant_id: str
    token: int
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., grant_id: _Optional[str] = ..., token: _Optional[int] = ...) -> None: ...

class RenewResponse(_message.Message):
    __slots__ = ("valid_for_ms",)
    VALID_FOR_MS_FIELD_NUMBER: _ClassVar[int]
    valid_for_ms: int
    def __init__(self, valid_for_ms: _Optional[int] = ...) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("namespace", "name", "grant_id", "token")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    grant_id: str
    token: int
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., grant_id: _Optional[str] = ..., token: _Optional[int] = ...) -> None: ...

class ReleaseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Lock(_message.Message):
    __slots__ = ("namespace", "name", "held", "holder", "token", "acquired_at", "renewed_at", "queue")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    ACQUIRED_AT_FIELD_NUMBER: _ClassVar[int]
    RENEWED_AT_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    held: bool
    holder: str
    token: int
    acquired_at: _timestamp_pb2.Timestamp
    renewed_at: _timestamp_pb2.Timestamp
    queue: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., held: _Optional[bool] = ..., holder: _Optional[str] = ..., token: _Optional[int] = ..., acquired_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., renewed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., queue: _Optional[_Iterable[str]] = ...) -> None: ...

class GetLockRequest(_message.Message):
    __slots__ = ("namespace", "name")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class GetLockResponse(_message.Message):
    __slots__ = ("lock",)
    LOCK_FIELD_NUMBER: _ClassVar[int]
    lock: Lock
    def __init__(self, lock: _Optional[_Union[Lock, _Mapping]] = ...) -> None: ...

class WatchLockRequest(_message.Message):
    __slots__ = ("namespace", "name")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class WatchLockResponse(_message.Message):
    __slots__ = ("lock", "heartbeat")
    LOCK_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    lock: Lock
    heartbeat: _leader_pb2.Heartbeat
    def __init__(self, lock: _Optional[_Union[Lock, _Mapping]] = ..., heartbeat: _Optional[_Union[_leader_pb2.Heartbeat, _Mapping]] = ...) -> None: ...
