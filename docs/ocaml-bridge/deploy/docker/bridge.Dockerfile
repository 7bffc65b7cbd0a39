# A Mycelium bridge, without workers. From the folder of a checkout:
#
#   docker build --file docs/ocaml-bridge/deploy/docker/bridge.Dockerfile --tag mycelium-bridge .
#
# Its settings are /etc/mycelium/bridge.yaml, which a volume or an image built on this one provides: worker.Dockerfile adds
# a worker in OCaml, and has the compiler from here.

FROM rust:1.88-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package mycelium-bridge --bin myc-bridge \
 && cargo build --release --locked --package myc-schema --bin myc-schema

FROM debian:bookworm-slim
# tini is process 1: it reaps what workers leave behind, and passes SIGTERM on.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --no-log-init --uid 10001 --no-create-home --home-dir /var/lib/mycelium mycelium \
 && install -d -o mycelium -g mycelium -m 0750 /run/mycelium /var/lib/mycelium
COPY --from=build /src/target/release/myc-bridge /src/target/release/myc-schema /usr/local/bin/
USER 10001
WORKDIR /var/lib/mycelium
VOLUME /run/mycelium
EXPOSE 9464
# Healthy when all workers are ready.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["myc-bridge", "status", "--ready", "--config", "/etc/mycelium/bridge.yaml"]
ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/myc-bridge"]
CMD ["run", "--config", "/etc/mycelium/bridge.yaml", "--http", "0.0.0.0:9464"]
