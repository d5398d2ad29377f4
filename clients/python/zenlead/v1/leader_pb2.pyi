import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_LEADER: _ClassVar[Role]
    ROLE_FOLLOWER: _ClassVar[Role]
    ROLE_UNKNOWN: _ClassVar[Role]
ROLE_UNSPECIFIED: Role
ROLE_LEADER: Role
ROLE_FOLLOWER: Role
ROLE_UNKNOWN: Role

class Leader(_message.Message):
    __slots__ = ("name", "uid", "address", "node", "zone")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    name: str
    uid: str
    address: str
    node: str
    zone: str
    def __init__(self, name: _Optional[str] = ..., uid: _Optional[str] = ..., address: _Optional[str] = ..., node: _Optional[str] = ..., zone: _Optional[str] = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("name", "role", "fit", "why")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    FIT_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    name: str
    role: Role
    fit: bool
    why: str
    def __init__(self, name: _Optional[str] = ..., role: _Optional[_Union[Role, str]] = ..., fit: _Optional[bool] = ..., why: _Optional[str] = ...) -> None: ...

class LeaderPool(_message.Message):
    __slots__ = ("pool", "namespace", "election", "leader", "epoch", "since", "reason", "members", "slots")
    POOL_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ELECTION_FIELD_NUMBER: _ClassVar[int]
    LEADER_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    pool: str
    namespace: str
    election: str
    leader: Leader
    epoch: int
    since: _timestamp_pb2.Timestamp
    reason: str
    members: _containers.RepeatedCompositeFieldContainer[Member]
    slots: _containers.RepeatedCompositeFieldContainer[Slot]
    def __init__(self, pool: _Optional[str] = ..., namespace: _Optional[str] = ..., election: _Optional[str] = ..., leader: _Optional[_Union[Leader, _Mapping]] = ..., epoch: _Optional[int] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., members: _Optional[_Iterable[_Union[Member, _Mapping]]] = ..., slots: _Optional[_Iterable[_Union[Slot, _Mapping]]] = ...) -> None: ...

class Slot(_message.Message):
    __slots__ = ("slot", "leader", "epoch", "since", "reason")
    SLOT_FIELD_NUMBER: _ClassVar[int]
    LEADER_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    slot: int
    leader: Leader
    epoch: int
    since: _timestamp_pb2.Timestamp
    reason: str
    def __init__(self, slot: _Optional[int] = ..., leader: _Optional[_Union[Leader, _Mapping]] = ..., epoch: _Optional[int] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ...) -> None: ...

class GetLeaderRequest(_message.Message):
    __slots__ = ("namespace", "pool", "election")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    ELECTION_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    pool: str
    election: str
    def __init__(self, namespace: _Optional[str] = ..., pool: _Optional[str] = ..., election: _Optional[str] = ...) -> None: ...

class GetLeaderResponse(_message.Message):
    __slots__ = ("leader_pool", "election")
    LEADER_POOL_FIELD_NUMBER: _ClassVar[int]
    ELECTION_FIELD_NUMBER: _ClassVar[int]
    leader_pool: LeaderPool
    election: str
    def __init__(self, leader_pool: _Optional[_Union[LeaderPool, _Mapping]] = ..., election: _Optional[str] = ...) -> None: ...

class ListLeadersRequest(_message.Message):
    __slots__ = ("namespace", "election", "page_size", "page_token")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ELECTION_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    election: str
    page_size: int
    page_token: str
    def __init__(self, namespace: _Optional[str] = ..., election: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListLeadersResponse(_message.Message):
    __slots__ = ("leader_pools", "next_page_token", "election")
    LEADER_POOLS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ELECTION_FIELD_NUMBER: _ClassVar[int]
    leader_pools: _containers.RepeatedCompositeFieldContainer[LeaderPool]
    next_page_token: str
    election: str
    def __init__(self, leader_pools: _Optional[_Iterable[_Union[LeaderPool, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., election: _Optional[str] = ...) -> None: ...

class WatchLeadersRequest(_message.Message):
    __slots__ = ("pools",)
    class Pool(_message.Message):
        __slots__ = ("namespace", "pool", "election", "resume_epoch")
        NAMESPACE_FIELD_NUMBER: _ClassVar[int]
        POOL_FIELD_NUMBER: _ClassVar[int]
        ELECTION_FIELD_NUMBER: _ClassVar[int]
        RESUME_EPOCH_FIELD_NUMBER: _ClassVar[int]
        namespace: str
        pool: str
        election: str
        resume_epoch: int
        def __init__(self, namespace: _Optional[str] = ..., pool: _Optional[str] = ..., election: _Optional[str] = ..., resume_epoch: _Optional[int] = ...) -> None: ...
    POOLS_FIELD_NUMBER: _ClassVar[int]
    pools: _containers.RepeatedCompositeFieldContainer[WatchLeadersRequest.Pool]
    def __init__(self, pools: _Optional[_Iterable[_Union[WatchLeadersRequest.Pool, _Mapping]]] = ...) -> None: ...

class WatchLeadersResponse(_message.Message):
    __slots__ = ("namespace", "pool", "election", "leader_pool", "removed", "stale", "heartbeat")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    ELECTION_FIELD_NUMBER: _ClassVar[int]
    LEADER_POOL_FIELD_NUMBER: _ClassVar[int]
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    pool: str
    election: str
    leader_pool: LeaderPool
    removed: Removed
    stale: Stale
    heartbeat: Heartbeat
    def __init__(self, namespace: _Optional[str] = ..., pool: _Optional[str] = ..., election: _Optional[str] = ..., leader_pool: _Optional[_Union[LeaderPool, _Mapping]] = ..., removed: _Optional[_Union[Removed, _Mapping]] = ..., stale: _Optional[_Union[Stale, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class Removed(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Stale(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class AmILeaderRequest(_message.Message):
    __slots__ = ("service", "election")
    SERVICE_FIELD_NUMBER: _ClassVar[int]
    ELECTION_FIELD_NUMBER: _ClassVar[int]
    service: str
    election: str
    def __init__(self, service: _Optional[str] = ..., election: _Optional[str] = ...) -> None: ...

class AmILeaderResponse(_message.Message):
    __slots__ = ("leader", "role", "epoch", "valid_for_ms", "election")
    LEADER_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    VALID_FOR_MS_FIELD_NUMBER: _ClassVar[int]
    ELECTION_FIELD_NUMBER: _ClassVar[int]
    leader: bool
    role: Role
    epoch: int
    valid_for_ms: int
    election: str
    def __init__(self, leader: _Optional[bool] = ..., role: _Optional[_Union[Role, str]] = ..., epoch: _Optional[int] = ..., valid_for_ms: _Optional[int] = ..., election: _Optional[str] = ...) -> None: ...
