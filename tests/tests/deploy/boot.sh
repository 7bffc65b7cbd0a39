# Becomes a systemd that runs one script ($1/drive.sh) on a copy of this machine's files, in namespaces of its own: what it
# installs, mounts and starts is gone when it ends. Its exit code is the script's.
set -eu
work=$1
mount -t proc proc /proc
umount -R -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/systemd/system
for folder in /etc /usr/local /var/lib; do
    mkdir -p "/run/over$folder/upper" "/run/over$folder/work"
    mount -t overlay overlay -o "lowerdir=$folder,upperdir=/run/over$folder/upper,workdir=/run/over$folder/work" "$folder"
done
# Nothing of this machine's own is started: no generators, nothing that is enabled.
for folder in /etc/systemd/system /usr/lib/systemd/system-generators /usr/lib/systemd/system/*.target.wants; do
    mount -t tmpfs tmpfs "$folder"
done
cat >/run/systemd/system/drive.service <<END
[Unit]
DefaultDependencies=no
Requires=systemd-journald.service
After=systemd-journald.service
[Service]
Type=oneshot
WorkingDirectory=$work
ExecStart=/bin/bash $work/drive.sh
StandardOutput=file:$work/said
StandardError=inherit
Environment=PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
TimeoutStartSec=5min
END
export container=test
exec /lib/systemd/systemd --system --unit=drive.service --log-target=journal --show-status=no
