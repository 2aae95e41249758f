# The same Worker in workerd itself, without an account anywhere. Its settings come from the environment.
#   npx esbuild worker.js --bundle --format=esm --conditions=workerd,worker --external:cloudflare:* --loader:.wasm=copy --asset-names=[name] --outdir=out
#   SITE=… KDC_PROXY=… SSPI_USER=… SSPI_PASSWORD=… workerd serve workerd.capnp
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "intranet", worker = .intranet),
    # what a Worker may reach: here the company's own addresses too
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:8080", http = (), service = "intranet")],
);

const intranet :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "out/worker.js"),
    (name = "core.wasm", wasm = embed "out/core.wasm"),
  ],
  compatibilityDate = "2026-01-01",
  bindings = [
    (name = "SITE", fromEnvironment = "SITE"),
    (name = "KDC_PROXY", fromEnvironment = "KDC_PROXY"),
    (name = "SSPI_USER", fromEnvironment = "SSPI_USER"),
    (name = "SSPI_PASSWORD", fromEnvironment = "SSPI_PASSWORD"),
  ],
);
