# Not run where it was written: that machine has no Docker engine. Why it should work:
# - every command in it is one of the README's, and needs nothing but npm;
# - the base image has glibc, as the packages' own binaries (Node as a package, the embedded database's WebAssembly) want;
# - the server is started as npm would start it, by the Node of node_modules/.bin; the pages are built at install, and served as they are;
# - a run of the same commands in an empty folder of that machine, by an ordinary user, starts and answers.

# What is installed: with the development packages, since `prisma generate` and the build of the pages run at install.
FROM node:24-slim AS install
WORKDIR /app
COPY package.json package-lock.json .npmrc prisma.config.ts ./
COPY prisma ./prisma
COPY scripts/build-pages.ts ./scripts/
COPY server/pages ./server/pages
COPY tsconfig.json ./
COPY client ./client
# postinstall writes the database's client to server/database/client, and the pages to client/dist.
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production \
    PATH=/app/node_modules/.bin:$PATH \
    HOST=0.0.0.0 \
    PORT=4000 \
    DATA_DIR=/data
# The user `node` (1000) comes with the image. The files of the application stay root's: the server cannot change itself.
RUN mkdir /data && chown node:node /data
COPY --from=install /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY prisma ./prisma
COPY schema ./schema
COPY server ./server
COPY --from=install /app/server/database/client ./server/database/client
# What the pages are made of stays behind: the built ones, and the documents that they may send.
COPY --from=install /app/client/dist ./client/dist
COPY client/admin/gql/persisted-documents.json ./client/admin/gql/
# GraphiQL's tabs.
COPY client/examples ./client/examples
USER node
# The embedded database when DATABASE_URL is unset, and the files that were made, always.
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node itself, not npm: a SIGTERM reaches the server, which finishes what is under way (DRAIN_SECONDS) before it ends.
CMD ["node", "server/main.ts"]
