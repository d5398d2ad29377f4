#!/bin/sh
# Ends with 0 where this pod leads the Service that it names, and with 1 otherwise: also where the
# api gives no answer, or cannot rely on its own view. It needs curl or wget, and nothing else.
#
#   am-i-leader.sh SERVICE
#
# ZEN_LEAD_API_URL         the api; http://zen-lead-api.zen-lead:8082 by default
# ZEN_LEAD_API_TOKEN_FILE  the token of the pod, where its address does not say who it is
#
# It is no lock: docs/reference/api.md#what-is-not-promised
set -u
url="${ZEN_LEAD_API_URL:-http://zen-lead-api.zen-lead:8082}/v1/am-i-leader?service=$1"
set --
if [ -n "${ZEN_LEAD_API_TOKEN_FILE:-}" ]; then
  set -- --header "Authorization: Bearer $(cat "$ZEN_LEAD_API_TOKEN_FILE")" || exit 1
fi
if command -v curl >/dev/null 2>&1; then
  answer=$(curl --silent --fail --max-time 2 "$@" "$url") || exit 1
else
  answer=$(wget -q -T 2 -O - "$@" "$url") || exit 1
fi
case $answer in
  *'"leader":true'*) exit 0 ;;
  *) exit 1 ;;
esac
