# Runs one disposable server in any image that has PostgreSQL's binaries, whatever the image's own entry point is.
# Lives as long as somebody holds its standard input; the line "keep" sets it free.
# Environment: TENANTPROOF_PASSWORD, TENANTPROOF_MAJOR (wanted; may be empty). Arguments: the server's settings.
set -eu
home=/tenantproof
data=$home/data

# The last words stay readable until the owner lets go.
end() {
  echo "tenantproof: the server ended with status $1" >&2
  if [ -n "${holder-}" ]; then wait "$holder" || true; else read -r _ || true; fi
  exit "$1"
}
trap 'end $?' EXIT

fail() {
  echo "tenantproof: $*" >&2
  exit 1
}

find_binaries() {
  for folder in "/usr/lib/postgresql/${TENANTPROOF_MAJOR:-none}/bin" "/usr/pgsql-${TENANTPROOF_MAJOR:-none}/bin"; do
    [ -x "$folder/initdb" ] && echo "$folder" && return
  done
  # The image's own choice comes before the newest of several.
  command -v initdb >/dev/null && dirname "$(command -v initdb)" && return
  ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -V | tail -n 1
}

# PostgreSQL refuses to run as root. Not su: it stays in between and swallows signals.
drop=
choose_account() {
  [ "$(id -u)" = 0 ] || return 0
  id postgres >/dev/null 2>&1 && account=postgres || account=nobody
  chown "$account" "$home"
  for drop in "gosu $account" "su-exec $account" \
    "setpriv --reuid=$(id -u $account) --regid=$(id -g $account) --clear-groups"; do
    $drop true 2>/dev/null && return
  done
  fail "the image has none of gosu, su-exec and setpriv (util-linux)"
}

binaries=$(find_binaries)
[ -x "$binaries/initdb" ] && [ -x "$binaries/postgres" ] || fail "the image has no PostgreSQL server"
choose_account
umask 077
cd "$home"

$drop sh -c 'printf %s "$TENANTPROOF_PASSWORD" > password'
$drop "$binaries/initdb" -D "$data" -U supabase_admin --pwfile=password -A scram-sha-256 \
  -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions >initdb.log 2>&1 || { cat initdb.log >&2; fail "initdb failed"; }
rm password
echo 'host all all all scram-sha-256' >> "$data/pg_hba.conf"

# Asked for a value that depends on them, the server loads the libraries first: the one test that holds everywhere.
for preload in pgaudit,pg_stat_statements pgaudit pg_stat_statements ""; do
  $drop "$binaries/postgres" -D "$data" -c "shared_preload_libraries=$preload" -C shared_memory_size >/dev/null 2>&1 && break
done

exec 3<&0
$drop "$binaries/postgres" -D "$data" -c "shared_preload_libraries=$preload" "$@" </dev/null 3<&- &
server=$!
trap 'kill -INT $server 2>/dev/null; wait $server; exit 0' TERM INT
(
  read -r word <&3 || word=
  [ "$word" = keep ] || kill -QUIT $server 2>/dev/null
) &
holder=$!
exec 3<&-

wait $server
