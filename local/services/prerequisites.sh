#!/bin/sh
# prerequisites.sh python|kafka|azurite: names what this machine lacks for one of them, and how to get it; else it is
# silent, but for the path of Python 3.13, which `python` prints. Called by the Makefile.
missing=0
python=""

lacks() {
    echo "missing: $1" >&2
    echo "         get it: $2" >&2
    missing=1
}

case "$1" in
python)
    # A candidate must run, not only exist: pyenv puts shims on PATH for versions that are not selected.
    for candidate in ${PYTHON:+"$PYTHON"} python3.13 python3 python; do
        found=$("$candidate" -c 'import sys; print(sys.executable if sys.version_info[:2] == (3, 13) else "")' 2>/dev/null)
        if [ -n "$found" ]; then
            python=$found
            break
        fi
    done
    [ -n "$python" ] || lacks "Python 3.13" "pyenv install 3.13, uv python install 3.13 or https://www.python.org/downloads/"
    if [ -n "$python" ] && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        lacks "venv of Python 3.13" "apt install python3.13-venv"
    fi
    command -v cc >/dev/null || lacks "a C compiler" "apt install build-essential or xcode-select --install"
    ;;
kafka)
    java_version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${java_version:-0}" -ge 17 ] || lacks "JDK 17 or newer (found: ${java_version:-none})" "apt install openjdk-17-jdk, brew install openjdk@17 or https://adoptium.net"
    command -v mvn >/dev/null || lacks "Maven" "apt install maven, brew install maven or https://maven.apache.org/install.html"
    ;;
azurite)
    node_version=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p')
    [ "${node_version:-0}" -ge 20 ] || lacks "Node 20 or newer (found: ${node_version:-none})" "https://nodejs.org/en/download or brew install node"
    command -v npm >/dev/null || lacks "npm" "it comes with Node from https://nodejs.org; on Debian: apt install npm"
    ;;
*)
    echo "usage: $0 python|kafka|azurite" >&2
    exit 2
    ;;
esac

[ "$missing" -eq 0 ] || exit 1
[ -z "$python" ] || echo "$python"
