#!/usr/bin/env bash
# Starts the reference merchant with the built page on 127.0.0.1, on port 4173 or the next free one, until Ctrl-C.
# The merchant prints the address when it is ready.
#
#   tools/demo.sh MERCHANT DATABASE STATIC_DIR
set -euo pipefail

readonly merchant=$1 database=$2 static=$3

port=$(node --eval '
    const { createServer } = require("node:net");
    const attempt = (port) =>
        createServer()
            .once("error", (error) => {
                if (error.code !== "EADDRINUSE" || port === 4273) throw error;
                attempt(port + 1);
            })
            .listen(port, "127.0.0.1", function () {
                this.close(() => console.log(port));
            });
    attempt(4173);
')
echo "payonce: one cart, one charge. Open the address below; Ctrl-C stops." >&2
exec "$merchant" --listen "127.0.0.1:$port" --database "$database" --static "$static" --faults
