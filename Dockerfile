# docs/install.md says how it is run.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run --silent build

FROM node:24-bookworm-slim AS packages
WORKDIR /opt/rosterd
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
WORKDIR /opt/rosterd
COPY --from=packages /opt/rosterd/node_modules ./node_modules
COPY --from=build /src/.tmp/package ./
RUN ln -s /opt/rosterd/bin/rosterd /usr/local/bin/rosterd \
  && install -d -o node -g node -m 0700 /var/lib/rosterd
ENV ROSTERD_CONFIG=/etc/rosterd/ldap.config.json \
  NODE_COMPILE_CACHE=/tmp/rosterd-compiled
USER node
VOLUME /var/lib/rosterd
EXPOSE 3890 6360 8080
# Whether the process answers; /readyz says whether LDAP does. Another port or https needs another command here.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/opt/rosterd/bin/rosterd"]
CMD ["serve", "--log-format", "json"]
