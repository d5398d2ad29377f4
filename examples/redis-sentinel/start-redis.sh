#!/bin/sh
# Starts the Redis of one pod. It follows the primary that the Sentinels name. Before there are
# Sentinels to ask, and until the first election, redis-0 is the primary.
me=$POD_NAME.redis-members
primary=
for host in redis-0 redis-1 redis-2; do
  [ -n "$primary" ] || primary=$(timeout 1 redis-cli -h "$host.redis-members" -p 26379 --raw sentinel get-master-addr-by-name main 2> /dev/null | head -n 1)
done
[ -n "$primary" ] || primary=redis-0.redis-members
[ "$primary" = "$me" ] || set -- --replicaof "$primary" 6379
# A pod is known by its name, because its address changes with each pod.
exec redis-server --port 6379 --dir /data --appendonly yes --protected-mode no --replica-announce-ip "$me" --repl-diskless-sync-delay 0 "$@"
