#!/usr/bin/env bash
# Installs what the tests on real servers need, on Debian; quick where all is there.
set -euo pipefail

packages=(
    python3 samba samba-ad-dc samba-ad-provision samba-dsdb-modules python3-samba ldb-tools ldap-utils
    postfix postfix-ldap knot unbound openssl nftables iproute2 swaks postgrey
    sasl2-bin libsasl2-modules libsasl2-modules-db
    slapd krb5-user libkrb5-dev libclang-dev
    libxml2-utils python3-markdown-it
)
missing=()
for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && command -v promtool >/dev/null && exit 0

# No service starts by itself: the tests run their own, in namespaces of their own.
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' > $policy
    chmod +x $policy
    made=1
fi
trap '[ -z "$made" ] || rm -f $policy' EXIT
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
[ ${#missing[@]} -eq 0 ] || apt-get install -qq -y --no-install-recommends "${missing[@]}"

# Of Prometheus promtool alone: 19 MB to fetch, 48 MB on disk, and neither the server nor what its pages stand on.
if ! command -v promtool >/dev/null; then
    folder=$(mktemp -d)
    # apt fetches as a user of its own.
    chmod 777 "$folder"
    (cd "$folder" && apt-get download -qq prometheus)
    dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar -x -C "$folder" ./usr/bin/promtool
    install "$folder/usr/bin/promtool" /usr/local/bin/promtool
    rm -r "$folder"
fi
