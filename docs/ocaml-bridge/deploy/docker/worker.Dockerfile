# A worker in OCaml, with the bridge that supervises it. From the folder of a worker that `myc-schema new ocaml-worker`
# has written, with a bridge.yaml as the one of this folder's parent beside its dune-project:
#
#   docker build --file worker.Dockerfile --build-arg WORKER=my-worker --tag my-worker .
#
# `--target alone` makes an image of the worker without a bridge; its MYCELIUM_SOCKET is a path on a volume that it shares
# with a bridge, or tcp://HOST:PORT.

ARG BRIDGE=mycelium-bridge
# hadolint ignore=DL3006
FROM ${BRIDGE} AS bridge

FROM debian:bookworm AS build
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ocaml ocaml-dune liblogs-ocaml-dev libalcotest-ocaml-dev \
 && rm -rf /var/lib/apt/lists/*
COPY --from=bridge /usr/local/bin/myc-schema /usr/local/bin/myc-schema
WORKDIR /src
COPY . .
RUN dune build --profile release @install @runtest \
 && install -D _build/default/bin/main.exe /out/worker

FROM debian:bookworm-slim AS alone
ARG WORKER
RUN useradd --no-log-init --uid 10001 --no-create-home --home-dir /nonexistent mycelium
COPY --from=build /out/worker /usr/local/lib/mycelium/${WORKER}
# The name is known when the image is built, and `exec` makes the worker process 1: it handles SIGTERM itself.
ENV WORKER=/usr/local/lib/mycelium/${WORKER}
USER 10001
CMD ["/bin/sh", "-c", "exec \"$WORKER\""]

# hadolint ignore=DL3006
FROM bridge
ARG WORKER
COPY --from=build /out/worker /usr/local/lib/mycelium/${WORKER}
COPY contracts.yaml bridge.yaml /etc/mycelium/
