/** The SQL of this room; everything else goes through Prisma. */

/** Sets the setting $1 to $2. Takes the row's lock until the writer's transaction ends, so writers follow each other. */
export const SET_VERSION = `
INSERT INTO setting (key, value) VALUES ($1, $2)
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value`;

/** Drops quotes that expired before $1. */
export const DROP_QUOTES = 'DELETE FROM quote WHERE expires_at < $1';
