#!/usr/bin/env bash
# Starts the reference merchant with the built page on 127.0.0.1, on port 4173 or the next free one, until Ctrl-C; beside
# it an authorization server and the backend that exchanges its codes. The merchant prints the address when it is ready.
#
#   tools/demo.sh MERCHANT DATABASE STATIC_DIR
set -euo pipefail

readonly merchant=$1 database=$2 static=$3

# The first free port from that one on.
free_port() {
    node --eval '
        const { createServer } = require("node:net");
        const first = Number(process.argv[1]);
        const attempt = (port) =>
            createServer()
                .once("error", (error) => {
                    if (error.code !== "EADDRINUSE" || port === first + 100) throw error;
                    attempt(port + 1);
                })
                .listen(port, "127.0.0.1", function () {
                    this.close(() => console.log(port));
                });
        attempt(first);
    ' "$1"
}

port=$(free_port 4173)
connect=$(free_port $((port + 1)))
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
trap 'exit 0' INT TERM
vite-node www/authorization/main.ts "http://127.0.0.1:$port" "$connect" 2>"$(dirname "$database")/authorization.log" &
echo "payonce: one cart, one charge. Open the address below; Ctrl-C stops." >&2
"$merchant" --listen "127.0.0.1:$port" --database "$database" --static "$static" --connect "127.0.0.1:$connect" --faults &
wait $! || {
    echo "payonce: the demo's merchant ended; is another \`make demo\` running in this checkout?" >&2
    exit 1
}
