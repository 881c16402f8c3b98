#!/usr/bin/env bash
# A PostgreSQL and a MinIO for tests, on ports and folders of their own.
#   eval "$(scripts/services.sh start)"            both; or name one: start postgres, start minio
#   scripts/services.sh stop                       stops them and removes their data
#   scripts/services.sh pause|resume postgres      for tests of a database that goes away
# `start` prints the environment that the tests read. What is in the environment already
# (FERROFLOW_TEST_POSTGRES, FERROFLOW_TEST_S3_ENDPOINT with AWS_* beside it) is used as it is, and nothing is started for it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

# PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" != 0 ]; then "$@"
  elif id postgres >/dev/null 2>&1; then (cd / && runuser -u postgres -- "$@")
  else (cd / && runuser -u nobody -- "$@"); fi
}

postgres_up() { # FOLDER
  # Tests want speed and no promise: their data dies with them. Measurements want what people run (DURABLE=1).
  local promise="-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
  [ -z "${DURABLE:-}" ] || promise=""
  as_postgres "$POSTGRES/pg_ctl" start --wait --silent --pgdata "$1/postgres" --log "$1/postgres/server.log" --options \
    "-p $(cat "$1/postgres/port") -h 127.0.0.1 -k $1/postgres -c max_connections=300 $promise" \
    >&2 || { tail -n 5 "$1/postgres/server.log" >&2; die "PostgreSQL did not start"; }
}

postgres_down() { as_postgres "$POSTGRES/pg_ctl" stop --silent --mode "$2" --pgdata "$1/postgres" >&2 || true; }

start_postgres() {
  local dir=$1 port
  POSTGRES=$(find_postgres) || die "no PostgreSQL here: scripts/setup.sh postgres"
  chmod 711 "$dir"
  mkdir "$dir/postgres"
  [ "$(id -u)" != 0 ] || chown "$(as_postgres id -un)" "$dir/postgres"
  as_postgres "$POSTGRES/initdb" --pgdata "$dir/postgres" --username postgres --auth trust --encoding UTF8 --locale C.UTF-8 --no-sync \
    >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; die "initdb failed"; }
  port=$(free_port)
  echo "$port" >"$dir/postgres/port"
  postgres_up "$dir"
  echo "export FERROFLOW_TEST_POSTGRES=postgresql://postgres@127.0.0.1:$port"
}

# minio_healthy PORT
minio_healthy() {
  local line
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET /minio/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
  read -r line <&3 || true
  exec 3>&-
  [[ $line == *" 200 "* ]]
}

start_minio() {
  local dir=$1 port binary="$CACHE/bin/minio-$MINIO_GO_VERSION" waited=0
  [ -x "$binary" ] || die "no MinIO here: scripts/setup.sh minio"
  port=$(free_port)
  mkdir "$dir/minio"
  # A session of its own: Ctrl-C is for the tests, which stop it after.
  MINIO_ROOT_USER=ferroflow MINIO_ROOT_PASSWORD=ferroflow-test MINIO_BROWSER=off \
    setsid "$binary" server --quiet --address "127.0.0.1:$port" "$dir/minio" >"$dir/minio.log" 2>&1 3>&- </dev/null &
  echo $! >"$dir/minio.pid"
  until (minio_healthy "$port") 2>/dev/null; do
    waited=$((waited + 1))
    if [ $waited -gt 300 ] || ! kill -0 "$(cat "$dir/minio.pid")" 2>/dev/null; then
      cat "$dir/minio.log" >&2
      die "MinIO did not start"
    fi
    sleep 0.1
  done
  printf 'export %s\n' "FERROFLOW_TEST_S3_ENDPOINT=http://127.0.0.1:$port" AWS_ACCESS_KEY_ID=ferroflow \
    AWS_SECRET_ACCESS_KEY=ferroflow-test AWS_REGION=us-east-1
}

stop() {
  local dir=${FERROFLOW_TEST_SERVICES:-}
  [ -n "$dir" ] && [ -d "$dir" ] || return 0
  if [ -d "$dir/postgres" ]; then postgres_down "$dir" immediate; fi
  if [ -f "$dir/minio.pid" ]; then
    kill "$(cat "$dir/minio.pid")" 2>/dev/null || true
    while kill -0 "$(cat "$dir/minio.pid")" 2>/dev/null; do sleep 0.1; done
  fi
  rm -rf "$dir"
}

start() {
  local service
  FERROFLOW_TEST_SERVICES=$(mktemp -d "${TMPDIR:-/tmp}/ferroflow-test.XXXXXX")
  trap stop EXIT
  for service in "$@"; do
    case $service in
      postgres) [ -n "${FERROFLOW_TEST_POSTGRES:-}" ] || start_postgres "$FERROFLOW_TEST_SERVICES" ;;
      minio) [ -n "${FERROFLOW_TEST_S3_ENDPOINT:-}" ] || start_minio "$FERROFLOW_TEST_SERVICES" ;;
      *) die "unknown service '$service'" ;;
    esac
  done
  trap - EXIT
  echo "export FERROFLOW_TEST_SERVICES=$FERROFLOW_TEST_SERVICES"
}

POSTGRES=$(find_postgres || true)
case "${1:-} ${2:-}" in
  "start ") start postgres minio ;;
  "start "*) start "${@:2}" ;;
  "stop ") stop ;;
  "pause postgres") postgres_down "${FERROFLOW_TEST_SERVICES:?}" fast ;;
  "resume postgres") postgres_up "${FERROFLOW_TEST_SERVICES:?}" ;;
  *) die "usage: scripts/services.sh start [postgres] [minio] | stop | pause postgres | resume postgres" ;;
esac
