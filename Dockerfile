# syntax=docker/dockerfile:1
# The same scripts as on a developer's machine, then the binary alone on a slim Debian.

FROM node:22-bookworm-slim AS node

FROM rust:1.96-bookworm AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /src
# The tools first: they change seldom, and this layer is kept until they do.
COPY scripts scripts
COPY style/package.json style/package-lock.json style/
COPY Cargo.lock Cargo.lock
RUN scripts/setup.sh build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    scripts/build.sh && install -D target/release/ferroflow /out/ferroflow

FROM debian:bookworm-slim
# Certificates, for S3 and PostgreSQL over TLS.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --home-dir /data ferroflow
COPY --from=build /out/ferroflow /usr/local/bin/ferroflow
USER ferroflow
# SQLite and a folder in here, unless the environment names other backends.
WORKDIR /data
VOLUME /data
ENV MLFLOW_HOST=0.0.0.0 \
    MLFLOW_PORT=5000 \
    MLFLOW_BACKEND_STORE_URI=sqlite:////data/ferroflow.db \
    MLFLOW_ARTIFACTS_DESTINATION=/data/artifacts
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s --retries=3 CMD ["ferroflow", "health"]
ENTRYPOINT ["ferroflow"]
CMD ["server"]
