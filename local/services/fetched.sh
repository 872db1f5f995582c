#!/bin/sh
# fetched.sh WHAT LOG COMMAND...: runs a download, whose output goes to LOG; if it fails, says of what, how it ended and
# what to do. Called by the Makefile.
what=$1 log=$2
shift 2

echo "== $what"
mkdir -p "$(dirname "$log")"
"$@" </dev/null >"$log" 2>&1 && exit 0
code=$?

case "$1" in
mvn) where="Maven takes mirrors and proxies from ~/.m2/settings.xml." ;;
npm) where="npm takes its registry and its proxy from 'npm config list'." ;;
*) where="pip takes its index and its proxy from 'pip config list'." ;;
esac
{
    echo "failed: $what. $(basename "$1") ended with $code:"
    # The first errors name the artifact; without colours, and without lines that say nothing.
    tr -d '\033' <"$log" | sed -e 's/\[[0-9;]*m//g' -e '/^\[ERROR\] *$/d' -e '/^npm error *$/d' | grep -i error | head -n 6 | sed 's/^/        /'
    echo "what to do: is the network there? $where"
    echo "        Then call make again: it goes on where it stopped. All of the output: $log"
} >&2
exit "$code"
