#!/bin/sh
# Starts the Sentinel of one pod, on the primary that the others watch. Sentinel keeps what it
# learns in its configuration file.
primary=
for host in redis-0 redis-1 redis-2; do
  [ -n "$primary" ] || primary=$(timeout 1 redis-cli -h "$host.redis-members" -p 26379 --raw sentinel get-master-addr-by-name main 2> /dev/null | head -n 1)
done
[ -n "$primary" ] || primary=redis-0.redis-members
cat > /tmp/sentinel.conf << END
port 26379
dir /tmp
protected-mode no
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $POD_NAME.redis-members
sentinel monitor main $primary 6379 2
sentinel down-after-milliseconds main 1000
sentinel failover-timeout main 10000
END
# It ends where the primary has no address yet.
until redis-sentinel /tmp/sentinel.conf; do sleep 1; done
