#!/usr/bin/env bash
# Builds the plugin for Debian 13's digiKam 8 and drives it there: the tests of the plugin, in a root of their own.
#
# usage:  sudo plugins/digikam/debian13.sh ROOT [PYTEST OPTION...]
# ROOT is made if it isn't there: 4 GB. Needs mmdebstrap, Debian's mirror and the Python index; 15 minutes.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,5p' "$0" >&2; exit 2; }
mkdir -p "$(dirname "$1")"
root=$(realpath -m "$1")
shift
checkout=$(realpath "$(dirname "$0")/../..")
mirror=${MIRROR:-http://deb.debian.org/debian}

if [ ! -e "$root/etc/debian_version" ]; then
  mmdebstrap --variant=apt --include=ca-certificates trixie "$root" "$mirror"
fi
rm -f "$root"/etc/apt/sources.list.d/*
printf '%s %s trixie main\n' deb "$mirror" deb-src "$mirror" >"$root/etc/apt/sources.list"
# The network here is that of this machine, with the certificates that it trusts.
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"

mkdir -p "$root/realqa"
tar -C "$checkout" --exclude=./.git --exclude=./.venv -cf - . | tar -C "$root/realqa" -xf -

mount -t proc proc "$root/proc"
mount --rbind --make-rslave /dev "$root/dev"
trap 'umount "$root/proc"; umount -R "$root/dev"' EXIT

chroot "$root" env -i PATH=/usr/bin:/usr/sbin:/bin:/sbin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
  PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1 \
  bash -euc '
    cd /realqa
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends digikam g++ cmake make qt6-base-dev xz-utils \
      dbus xdotool xvfb python3-venv >/dev/null
    dpkg-query -W digikam
    python3 -m venv /venv
    /venv/bin/pip install --quiet --editable . pytest pytest-timeout pytest-xdist hypothesis
    /venv/bin/python -m pytest -n 0 tests/plugins/digikam tests/apps/test_digikam_plugin.py "$@"
  ' bash "$@"
