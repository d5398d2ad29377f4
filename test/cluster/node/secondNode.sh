#!/usr/bin/env bash
# A second node of the cluster that node.sh has started, in network and mount namespaces of its own. Runs inside those of the first node;
# its end is the end of everything in it. Started by startSecondNode.ts.
#
#   usage: secondNode.sh STATE_DIR        the folder of the cluster
#
# containerd and kubelet, with the address 10.200.0.2 and pods in 10.245.0.0/16, behind one link to the first node. It takes only pods that
# tolerate its taint, and has no kube-proxy, because its pods ask for no Service. When it is Ready there is STATE_DIR/node1/ready.
set -uo pipefail
state=$1 bin=$1/bin
here=$(cd "$(dirname "$0")" && pwd)
own=$state/node1
mkdir -p "$own"

if [ "${2:-}" != inside ]; then
  ip link add node1 type veth peer name uplink
  ip addr add 10.200.1.1/30 dev node1
  unshare --net --mount --propagation private bash "$0" "$state" inside &
  inside=$!
  # Until it is in namespaces of its own, this one is the first node's.
  until [ "$(readlink /proc/$inside/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
  ip link set uplink netns "$inside"
  ip link set node1 up
  ip route add 10.200.0.2/32 via 10.200.1.2
  ip route add 10.245.0.0/16 via 10.200.1.2
  trap 'kill "$inside"' TERM
  wait "$inside"
  exit
fi

cd "$own"
echo $$ > node.pid
until ip link show uplink > /dev/null 2>&1; do sleep 0.05; done
ip link set lo up
ip addr add 10.200.0.2/32 dev lo
ip addr add 10.200.1.2/30 dev uplink
ip link set uplink up
ip route add default via 10.200.1.1 src 10.200.0.2
sysctl -qw net.ipv4.ip_forward=1
for folder in /run/containerd /var/log/containers /var/lib/kubelet /var/lib/cni; do mount -t tmpfs tmpfs "$folder"; done

sed "s#@STATE@#$own#g" "$here/containerd.toml" > containerd.toml
sed "s#@STATE@#$own#g" "$here/kubelet.yaml" > kubelet.yaml
echo 'registerWithTaints: [{ key: second-node, effect: NoSchedule }]' >> kubelet.yaml
mkdir -p cni && sed -e "s#@STATE@#$own#g" -e 's#10\.244\.0\.0#10.245.0.0#' "$here/pods.conflist" > cni/10-pods.conflist
export KUBECONFIG=$here/kubeconfig

containerd -c containerd.toml > containerd.log 2>&1 &
until ctr -a /run/containerd/c.sock version > /dev/null 2>&1; do sleep 0.2; done
for image in pause web; do ctr -a /run/containerd/c.sock -n k8s.io images import "$state/images/$image.tar" > /dev/null; done
"$bin/kubelet" --config kubelet.yaml --kubeconfig "$KUBECONFIG" --root-dir "$own/kubelet" \
  --hostname-override node1 --node-ip 10.200.0.2 > kubelet.log 2>&1 &
echo $! > kubelet.pid
until kubectl get node node1 2> /dev/null | grep -q ' Ready'; do sleep 0.2; done
touch ready
wait
