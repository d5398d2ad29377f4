#!/usr/bin/env bash
# The inside of a cluster: pid 1 of its namespaces (net, mount, pid). Started by startCluster.ts; its end is the end of everything in them.
#
#   usage: node.sh STATE_DIR      with the programs in STATE_DIR/bin and the images in STATE_DIR/images
#
# etcd, kube-apiserver, kube-controller-manager, kube-scheduler, containerd, kubelet, kube-proxy and CoreDNS, on one node with the address
# 10.200.0.1. kube-proxy runs in mode nftables, or in that of ZEN_LEAD_PROXY_MODE, and waits as long as Kubernetes has it between two
# changes of its rules, or ZEN_LEAD_PROXY_MIN_SYNC. When everything is up there is STATE_DIR/ready.
set -uo pipefail
state=$1 bin=$1/bin
here=$(cd "$(dirname "$0")" && pwd)
cd "$state"

ip link set lo up
ip addr add 10.200.0.1/32 dev lo
sysctl -qw net.ipv4.ip_forward=1
# Where programs of a node write by their own defaults (sockets of shims, links for log collectors, device plugins, results of CNI):
# nothing of that is to be left on the machine outside.
for folder in /run/containerd /var/log/containers /var/lib/kubelet /var/lib/cni; do
  mkdir -p "$folder" && mount -t tmpfs tmpfs "$folder"
done

openssl genrsa -out sa.key 2048 2> /dev/null
sed "s#@STATE@#$state#g" "$here/containerd.toml" > containerd.toml
sed "s#@STATE@#$state#g" "$here/kubelet.yaml" > kubelet.yaml
mkdir -p cni && sed "s#@STATE@#$state#g" "$here/pods.conflist" > cni/10-pods.conflist
echo 'admintoken,admin,admin,"system:masters"' > tokens.csv
export KUBECONFIG=$here/kubeconfig

# Ended by a test, the API server comes back, as the kubelet would bring back its static pod.
api_server() {
  while true; do
    "$bin/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --cert-dir=certs --secure-port=6443 \
      --bind-address=10.200.0.1 --advertise-address=10.200.0.1 --service-cluster-ip-range=10.96.0.0/16 \
      --authorization-mode=RBAC --token-auth-file=tokens.csv --allow-privileged=true \
      --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=sa.key \
      --service-account-signing-key-file=sa.key --kubelet-preferred-address-types=InternalIP >> kube-apiserver.log 2>&1 &
    echo $! > kube-apiserver.pid
    wait $!
    sleep 1
  done
}
"$bin/etcd" --data-dir etcd --unsafe-no-fsync --log-level error > etcd.log 2>&1 &
api_server &
containerd -c containerd.toml > containerd.log 2>&1 &
until kubectl get --raw /readyz > /dev/null 2>&1; do sleep 0.2; done
# The test process outside reaches the API through this socket: files cross network namespaces, addresses do not.
kubectl proxy --unix-socket="$state/api.sock" > kubectl-proxy.log 2>&1 &
"$bin/kube-controller-manager" --kubeconfig "$KUBECONFIG" --service-account-private-key-file=sa.key --leader-elect=false \
  --root-ca-file=certs/apiserver.crt --horizontal-pod-autoscaler-sync-period=2s > kube-controller-manager.log 2>&1 &
"$bin/kube-scheduler" --kubeconfig "$KUBECONFIG" --leader-elect=false > kube-scheduler.log 2>&1 &

until ctr -a /run/containerd/c.sock version > /dev/null 2>&1; do sleep 0.2; done
for image in images/*.tar; do ctr -a /run/containerd/c.sock -n k8s.io images import "$image" > /dev/null; done
"$bin/kubelet" --config kubelet.yaml --kubeconfig "$KUBECONFIG" --root-dir "$state/kubelet" \
  --hostname-override node0 --node-ip 10.200.0.1 > kubelet.log 2>&1 &
echo $! > kubelet.pid
# The conntrack settings belong to the whole machine: leave them as they are. The flag is for iptables by its name, and counts for nftables
# too. -v 2 logs when each sync begins and ends (kubeProxy.ts reads that).
"$bin/kube-proxy" --kubeconfig "$KUBECONFIG" --proxy-mode "${ZEN_LEAD_PROXY_MODE:-nftables}" --cluster-cidr 10.244.0.0/16 --hostname-override node0 \
  --conntrack-max-per-core 0 --conntrack-tcp-timeout-established 0 --conntrack-tcp-timeout-close-wait 0 \
  --iptables-min-sync-period "${ZEN_LEAD_PROXY_MIN_SYNC:-1s}" -v 2 > kube-proxy.log 2>&1 &
until kubectl get nodes 2> /dev/null | grep -q ' Ready'; do sleep 0.2; done
kubectl apply -f "$here/coredns.yaml" > /dev/null
kubectl -n kube-system rollout status deploy/coredns --timeout=60s
until ip link show cni0 > /dev/null 2>&1; do sleep 0.2; done
ip route add 10.96.0.0/16 dev cni0 # so that a client on the node reaches ClusterIPs too
# Links, because a pod's log goes with the pod, and the log of a pod that is gone is the one to read.
if [ -n "${ZEN_LEAD_KEEP_LOGS:-}" ]; then
  while sleep 1; do cp --recursive --link --update pod-logs/. kept-pod-logs 2> /dev/null; done &
fi
touch ready
wait
