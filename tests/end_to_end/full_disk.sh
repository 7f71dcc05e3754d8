#!/usr/bin/env bash
# full_disk.sh DISK FINISHED SIZE COMMAND...: in a mount namespace of its own, runs COMMAND on a small disk that is
# nearly full, makes room, and runs it again. Copies the final trajectory out, since the disk vanishes with the namespace.
set -euo pipefail
disk=$1 finished=$2 size=$3
shift 3
mount -t tmpfs -o "size=$((size + 120000000))" tmpfs "$disk"
cp -a "$finished" "$disk/run"
# As the workflow leaves them, which the copy undid: one file with two names, so that deleting one frees nothing.
for name in production.xtc:traj.xtc production.edr:energy.edr production.gro:conf.gro; do
    ln -f "$disk"/run/work/*/"${name%:*}" "$disk/run/tiny/dol-dme-litfsi/r1/${name#*:}"
done
free_kib=$(df --output=avail -k "$disk" | tail -1)
# Room for a part of the trajectory only.
head -c $(((free_kib - 200) * 1024)) /dev/zero >"$disk/filler"
status=0
"$@" 2>&1 || status=$?
echo "FIRST EXIT $status"
rm "$disk/filler"
status=0
"$@" 2>&1 || status=$?
echo "SECOND EXIT $status"
cp "$disk/run/tiny/dol-dme-litfsi/r1/traj.xtc" "$disk/../out.xtc"
