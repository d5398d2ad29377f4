#!/bin/sh
# Starts the Sentinel of one pod, on the primary that the others watch. Sentinel keeps what it
# learns in its configuration file.
primary=
for host in redis-0 redis-1 redis-2; do
  [ -n "$primary" ] || primary=$(timeout 1 redis-cli -h "$host.redis-members" -p 26379 --raw sentinel get-master-addr-by-name main 2> /dev/null | head -n 1)
done
[ -n "$primary" ] || primary=redis-0.redis-members
# Sentinel promotes a replica, and would have the previous primary step down only some ten seconds
# later: until then both are primaries. It runs this as soon as it names the new one, and this asks
# again, because a script may run late: NAME ROLE STATE FROM-HOST FROM-PORT TO-HOST TO-PORT
cat > /tmp/step-down.sh << 'END'
#!/bin/sh
named=$(timeout 1 redis-cli -p 26379 --raw sentinel get-master-addr-by-name "$1" | head -n 1)
[ "$named" = "$6" ] && [ "$4" != "$6" ] || exit 0
timeout 1 redis-cli -h "$4" -p "$5" replicaof "$6" "$7"
exit 0 # A primary that hangs is told by Sentinel itself, once it wakes.
END
chmod +x /tmp/step-down.sh
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
sentinel client-reconfig-script main /tmp/step-down.sh
END
# It ends where the primary has no address yet.
until redis-sentinel /tmp/sentinel.conf; do sleep 1; done
