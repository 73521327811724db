# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
# The agent's key and certificate, where the manager gives certificates (docs/security.md). The key is made here and never
# leaves this node: the manager, and whoever reads along, see only the request. Sourced after disk.sh.

AGENT_FOLDER=etc/piman-node-agent
OPENSSL=${OPENSSL:-/usr/bin/openssl}
MOST_ASKED=5
RUN=${RUN:-/run}

# post URL FILE: sends FILE, the answer's body goes to standard output. Exit 1: it is no good answer.
post() {
  rest=${1#http://}
  authority=${rest%%/*} path=/${rest#*/} port=80
  host=${authority%:*}
  case $authority in *:*) port=${authority##*:} ;; esac
  {
    printf 'POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/pkcs10\r\n' "$path" "$authority"
    printf 'Content-Length: %s\r\nConnection: close\r\n\r\n' "$(stat -c %s "$2")"
    cat "$2"
  } | timeout 60 nc "$host" "$port" 2>/dev/null | {
    read -r _ status _
    while read -r header; do
      [ "$header" != "$(printf '\r')" ] || break
    done
    head -c 65536
    [ "$status" = 200 ]
  }
}

# make_request KEY REQUEST. Exit 1: it could not be made.
make_request() {
  printf '[req]\ndistinguished_name=d\n[d]\n' >"$RUN/request.cnf"
  # What it is for, the manager says.
  (umask 077 && tool "$OPENSSL" req -config "$RUN/request.cnf" -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj /CN=node -keyout "$1" -out "$2" 2>/dev/null)
}

# write_agent_files FOLDER: what makes the agent use them. Its unit runs it as a user that exists only then: systemd hands the
# key over; another init starts it as root.
write_agent_files() {
  key=/$AGENT_FOLDER/agent.key
  for units in lib/systemd/system usr/lib/systemd/system; do
    [ -f "$NEW_ROOT/$units/piman-node-agent.service" ] || continue
    key=/run/credentials/piman-node-agent.service/agent.key
    drop_in=$NEW_ROOT/etc/systemd/system/piman-node-agent.service.d
    mkdir -p "$drop_in" || return 1
    # shellcheck disable=SC2016  # the unit's, not ours
    printf '[Service]\nLoadCredential=agent.key:/%s/agent.key\nExecStart=\nExecStart=%s --web.config.file=/%s/web.yml $ARGS\n' \
      "$AGENT_FOLDER" /usr/bin/piman-node-agent "$AGENT_FOLDER" >"$drop_in/tls.conf" || return 1
    break
  done
  printf 'tls_server_config:\n  cert_file: /%s/agent.crt\n  key_file: %s\n' "$AGENT_FOLDER" "$key" >"$1/web.yml"
}

# certify URL: key, certificate and web configuration of the agent, on the new root. Exit 1: REASON. Without a URL, or
# without the tool, the agent speaks plain HTTP.
certify() {
  REASON=''
  [ "$1" ] || return 0
  [ -x "$OPENSSL" ] || { log 'this initramfs has no openssl: the agent speaks plain HTTP' && return 0; }
  into=$NEW_ROOT/$AGENT_FOLDER
  mkdir -p "$into" || { REASON='the disk takes no more' && return 1; }
  make_request "$into/agent.key" "$RUN/request" || { REASON='no key could be made' && return 1; }
  asked=0
  until post "$1" "$RUN/request" >"$RUN/certificate" && grep -q 'BEGIN CERTIFICATE' "$RUN/certificate"; do
    asked=$((asked + 1))
    REASON=$(head -n 1 "$RUN/certificate" | tr -cd ' -~' | cut -c 1-120)
    [ $asked -lt $MOST_ASKED ] || { REASON="the manager gives no certificate: ${REASON:-no answer}" && return 1; }
    sleep 1
  done
  if ! { cat "$RUN/certificate" >"$into/agent.crt" && write_agent_files "$into"; }; then
    REASON='the disk takes no more'
    return 1
  fi
  rm -f "$RUN/request" "$RUN/certificate"
}
