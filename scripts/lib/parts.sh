# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The four parts that scripts/up starts: their configuration in the run directory and how each is started and asked
# whether it is ready. Sourced after processes.sh; uses RUN_DIR and BIN_DIR.

declare -A READY_PATH=([agent]=/healthz [manager]=/readyz [prometheus]=/-/ready [alertmanager]=/-/ready)
# shellcheck disable=SC2034  # read by scripts/up
declare -A READY_SECONDS=([agent]=10 [manager]=10 [prometheus]=60 [alertmanager]=30)

# this_mac: the address of the interface that the default route uses, else of any real one, else a locally
# administered one made from the host's name.
this_mac() {
  local interface path mac hash
  interface=$(awk '$2 == "00000000" { print $1; exit }' /proc/net/route 2>/dev/null || true)
  for path in "/sys/class/net/${interface:-none}/address" /sys/class/net/*/address; do
    [[ -r $path && $path != */lo/address ]] || continue
    mac=$(<"$path")
    [[ $mac =~ ^([0-9a-f]{2}:){5}[0-9a-f]{2}$ && $mac != 00:00:00:00:00:00 ]] || continue
    echo "${mac^^}"
    return
  done
  hash=$(this_name | md5sum)
  echo "02:${hash:0:2}:${hash:2:2}:${hash:4:2}:${hash:6:2}:${hash:8:2}" | tr '[:lower:]' '[:upper:]'
}

# this_name: the host's name as a node's name.
this_name() {
  local name
  name=$(</proc/sys/kernel/hostname)
  name=$(tr '[:upper:]' '[:lower:]' <<<"${name%%.*}" | tr -c 'a-z0-9\n' - | sed 's/^-*//; s/-*$//')
  echo "${name:-this-machine}"
}

# write_manager_config: piman.yml always, hosts.csv only where there is none, so that nodes added by hand stay.
write_manager_config() {
  mkdir -p "$RUN_DIR"
  cat >"$RUN_DIR/piman.yml" <<YAML
# Written by scripts/up at each start: changes are lost. Nodes are added in hosts.csv beside it, which is kept.
site: local
web:
  listen_address: 127.0.0.1:${PORT[manager]}
inventory:
  hosts_file: hosts.csv
agents:
  port: ${PORT[agent]}
scrape:
  interval: 5s
  timeout: 3s
YAML
  if [[ ${STACK:-1} == 1 ]]; then
    cat >>"$RUN_DIR/piman.yml" <<YAML
links:
  prometheus: $(url_of prometheus)
  alertmanager: $(url_of alertmanager)
YAML
  fi
  [[ -s $RUN_DIR/hosts.csv ]] || printf '%s;127.0.0.1;%s;%s\n' "$(this_mac)" "$(this_name)" "$(date +%s)" >"$RUN_DIR/hosts.csv"
}

# write_alerting: the repo's alerting/ with the addresses and the site that this run uses. Two steps through a mark, so that
# swapped ports do not meet.
write_alerting() {
  local name file to_mark=() to_port=()
  for name in "${PARTS[@]}"; do
    to_mark+=(-e "s/127\.0\.0\.1:${DEFAULT_PORT[$name]}\b/@$name@/g")
    to_port+=(-e "s/@$name@/127.0.0.1:${PORT[$name]}/g")
  done
  rm -rf "$RUN_DIR/alerting"
  cp -R "$REPO/alerting" "$RUN_DIR/alerting"
  [[ -z ${LAB_PIS:-} ]] || to_port+=(-e 's/\bsite: local$/site: lab/')
  for file in "$RUN_DIR/alerting/"*.yml; do sed -i "${to_mark[@]}" "${to_port[@]}" "$file"; done
  # Without a webhook nobody is told, and nothing fails at it.
  if [[ -s $REPO/alerting/slack_url ]]; then
    sed -i "s|/run/secrets/slack_url|$REPO/alerting/slack_url|" "$RUN_DIR/alerting/alertmanager.yml"
  else
    sed -i -f "$REPO/alerting/without_slack.sed" "$RUN_DIR/alerting/alertmanager.yml"
  fi
}

# start_part NAME
start_part() {
  mkdir -p "$RUN_DIR/data"
  case $1 in
    agent) start_process agent "$BIN_DIR/piman-node-agent" "--web.listen-address=127.0.0.1:${PORT[agent]}" ;;
    manager) start_process manager "$BIN_DIR/piman" server "--config.file=$RUN_DIR/piman.yml" ;;
    prometheus)
      start_process prometheus prometheus "--config.file=$RUN_DIR/alerting/prometheus.yml" \
        "--web.listen-address=127.0.0.1:${PORT[prometheus]}" "--storage.tsdb.path=$RUN_DIR/data/prometheus" \
        --storage.tsdb.retention.time=15d --storage.tsdb.retention.size=2GB
      ;;
    alertmanager)
      # An empty cluster address: a single Alertmanager opens no port for peers.
      start_process alertmanager prometheus-alertmanager "--config.file=$RUN_DIR/alerting/alertmanager.yml" \
        "--web.listen-address=127.0.0.1:${PORT[alertmanager]}" --cluster.listen-address= \
        "--storage.path=$RUN_DIR/data/alertmanager"
      ;;
  esac
}

# print_table: what runs, where, and whether it is ready; the same as name=url lines in .run/endpoints.
print_table() {
  local name pid state colour
  printf '\n%s  %-14s %-28s %s%s\n' "$BOLD" what url state "$PLAIN"
  : >"$RUN_DIR/endpoints.new"
  for name in "${PARTS[@]}"; do
    pid=$(running_pid "$name") || continue
    state="not ready (pid $pid)" colour=$RED
    if [[ $(http_status "${PORT[$name]}" "${READY_PATH[$name]}") == 200 ]]; then
      state="ready (pid $pid)" colour=$GREEN
    fi
    printf '  %-14s %-28s %s%s%s\n' "$name" "$(url_of "$name")" "$colour" "$state" "$PLAIN"
    echo "$name=$(url_of "$name")" >>"$RUN_DIR/endpoints.new"
  done
  mv "$RUN_DIR/endpoints.new" "$RUN_DIR/endpoints"
}
