# What an operator does, and what has to come of it; run by the systemd that boot.sh becomes. The lines of the page come
# first, in $PAGE's place.
set -eux
ended() {
    code=$?
    [ $code = 0 ] || journalctl --no-pager -u mycelium-bridge -u 'mycelium-worker@*' | tail -n 60
    systemctl exit $code
}
trap ended EXIT
bridge() { systemctl show --value -p "$1" mycelium-bridge; }
clients() { myc-bridge status --config /etc/mycelium/bridge.yaml | awk '$1 == "/run/mycelium/bridge.sock" { print $2 }'; }

$PAGE

# Type=notify: started means ready, and systemd has the bridge's words.
[ "$(bridge StatusText)" = "1 of 1 workers ready, 1 clients" ]
[ "$(stat -c '%U %a' /run/mycelium/bridge.sock)" = "mycelium 660" ]
journalctl --no-pager -o cat -u mycelium-bridge | grep -q '"message":"a worker is ready"'
curl --silent --fail http://127.0.0.1:9464/readyz

# A worker beside the bridge is a client of the same socket, and comes back to a bridge that was restarted.
install -D -m 0644 -t /etc/systemd/system 'docs/ocaml-bridge/deploy/systemd/mycelium-worker@.service'
cp /usr/local/lib/mycelium/my-worker /usr/local/lib/mycelium/beside
systemctl daemon-reload
systemctl start mycelium-worker@beside
until [ "$(clients)" = 2 ]; do sleep 0.1; done
systemctl restart mycelium-bridge
until [ "$(clients)" = 2 ]; do sleep 0.1; done
systemctl stop mycelium-worker@beside
[ "$(systemctl show --value -p Result mycelium-worker@beside)" = success ]

# A grandchild in a session of its own escapes the bridge, and not systemd.
cat >/usr/local/lib/mycelium/escapes <<'END'
#!/bin/sh
sleep 86398 &
setsid sleep 86399 &
exec /usr/local/lib/mycelium/my-worker
END
chmod +x /usr/local/lib/mycelium/escapes
printf '  - id: escapes\n    program: /usr/local/lib/mycelium/escapes\n' >>/etc/mycelium/bridge.yaml
systemctl restart mycelium-bridge
pgrep -f 'sleep 86399'

# Nor does anything that a worker has started outlive a bridge that is killed, with its workers, by somebody else.
old="$(pgrep -f 'sleep 8639[89]')"
systemctl kill --kill-who=main --signal=KILL mycelium-bridge
until [ "$(bridge NRestarts)" -ge 1 ] && [ "$(bridge ActiveState)" = active ]; do sleep 0.1; done
for pid in $old; do [ ! -e "/proc/$pid" ]; done
[ "$(pgrep -c -f 'sleep 8639[89]')" = 2 ]
systemctl stop mycelium-bridge
if pgrep -f 'sleep 8639[89]'; then exit 1; fi
[ "$(bridge Result)" = success ]
[ ! -e /run/mycelium/bridge.sock ]

# A bridge that stands still is found by the watchdog, and started again.
mkdir -p /etc/systemd/system/mycelium-bridge.service.d
printf '[Service]\nWatchdogSec=1s\nTimeoutAbortSec=1s\n' >/etc/systemd/system/mycelium-bridge.service.d/test.conf
systemctl daemon-reload
systemctl start mycelium-bridge
systemctl kill --kill-who=main --signal=STOP mycelium-bridge
until [ "$(bridge NRestarts)" -ge 1 ] && [ "$(bridge ActiveState)" = active ]; do sleep 0.1; done
[ "$(bridge StatusText)" = "2 of 2 workers ready, 2 clients" ]

# Wrong settings are no reason to try again.
systemctl stop mycelium-bridge
echo 'sokcet: x' >>/etc/mycelium/bridge.yaml
if systemctl start mycelium-bridge; then exit 1; fi
[ "$(bridge ActiveState)" = failed ]
journalctl --no-pager -o cat -u mycelium-bridge | grep 'sokcet'
