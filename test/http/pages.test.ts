/** How the pages are served: what a browser may keep, and what it may run. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPages } from '../../server/pages/index.ts';
import { startTestServer, type TestServer, temporaryFolder } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ pages: true });
});
afterAll(() => server.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  server.as(null).fetch(path, { headers, redirect: 'manual' });
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('people are led to the admin, and programs to the API', async () => {
  expect((await get('/', BROWSER)).headers.get('location')).toBe('/admin');
  expect((await get('/', { accept: '*/*' })).headers.get('location')).toBe('/graphql');
});

test('every address below /admin is the page, which is kept by nobody and may run only what this server serves', async () => {
  const nonces = new Set<string>();
  for (const path of ['/admin', '/admin/', '/admin/users/acc_1?show=grants']) {
    const page = await get(path, BROWSER);
    expect(page.status).toBe(200);
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    const policy = page.headers.get('content-security-policy') ?? '';
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
    nonces.add(nonce);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    const html = await page.text();
    expect(html).toContain(`nonce="${nonce}"`);
    expect(html).not.toContain('%NONCE%');
    // Nothing is in the page itself that would want to run.
    expect(html.match(/<script(?![^>]* src=)|<style|\son\w+=/g)).toBeNull();
  }
  expect(nonces.size).toBe(3);
});

test('the page is told whether somebody is signed in, and nothing else of them', async () => {
  const admin = { email: 'admin@example.com', password: 'correct horse battery' };
  await server.core.access.ensureFirstAdmin(admin);
  const told = async (cookie?: string) =>
    / name="viewer" content="([^"]*)"/.exec(
      await (await get('/admin', { ...BROWSER, ...(cookie ? { cookie } : {}) })).text(),
    )?.[1];
  const signedIn = await server.core.access.signIn(admin.email, admin.password, '127.0.0.1');
  const cookie = (signedIn.status === 'signed-in' && signedIn.cookie.split(';')[0]) || '';
  expect(await told()).toBeUndefined();
  expect(await told(cookie.replace(/=.*/, '=made-up'))).toBeUndefined();
  expect(await told(cookie)).toBe('signed in');
  await server.core.access.signOut(cookie);
  expect(await told(cookie)).toBeUndefined();
});

test('what the page is made of is compressed and kept for good, under names that change with it', async () => {
  const scriptsOf = async (path: string) => {
    const html = await (await get(path, BROWSER)).text();
    return [...html.matchAll(/(?:src|href)="(\/admin\/assets\/[^"]+\.js)"/g)].map(([, file = '']) => file);
  };
  const first = await scriptsOf('/admin/there-is-no-such-page');
  const bytes = async (encoding: string, scripts = first) => {
    let sum = 0;
    for (const script of scripts) {
      const file = await get(script, { 'accept-encoding': encoding });
      expect(file.status).toBe(200);
      expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(file.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
      sum += Number(file.headers.get('content-length'));
    }
    return sum;
  };
  const [plain, gzip, brotli] = [await bytes('identity'), await bytes('gzip'), await bytes('br')];
  expect(brotli).toBeLessThan(gzip);
  expect(gzip).toBeLessThan(plain);
  // What every page begins with.
  expect(gzip).toBeLessThan(250_000);

  // What the overview is made of beside that is fetched along with it, and not a round trip later.
  const overview = await scriptsOf('/admin');
  expect(overview.length).toBeGreaterThan(first.length);
  expect(overview).toEqual(expect.arrayContaining(first));
  expect(await bytes('gzip', overview)).toBeLessThan(300_000);
  expect(await scriptsOf('/admin/users/acc_1')).not.toEqual(overview);
});

test('a file of another version is not found, and nothing outside the built pages is served', async () => {
  for (const path of [
    '/admin/assets/index-gone.js',
    '/admin/assets/../../package.json',
    '/admin/assets/..%2f..%2fbuild.json',
    '/admin/assets/__proto__',
    '/admin/assets/',
  ]) {
    const answer = await get(path);
    // What a client makes of `..` by itself never gets here.
    if (new URL(path, server.url).pathname.startsWith('/admin/assets/')) expect(answer.status).toBe(404);
    else expect(await answer.text()).not.toContain('"dependencies"');
  }
});

test('pages that are built while a server runs are the next one’s: this one serves its own to its end', async () => {
  const root = temporaryFolder();
  const built = join(root, 'client/dist');
  const build = (script: string) => {
    rmSync(built, { recursive: true, force: true });
    mkdirSync(join(built, 'admin'), { recursive: true });
    const files = { 'admin/index.html': 'text/html', [`admin/${script}`]: 'text/javascript' };
    for (const file of Object.keys(files)) writeFileSync(join(built, file), script);
    writeFileSync(join(built, 'build.json'), JSON.stringify({ digest: '', files, parts: {} }));
  };
  try {
    build('first.js');
    const pages = await openPages(server.core.log, root);
    build('second.js');
    const textOf = (file: string) => pages?.file(file)?.bytes.toString();
    expect(textOf('admin/index.html')).toBe('first.js');
    expect(textOf('admin/first.js')).toBe('first.js');
    expect(textOf('admin/second.js')).toBeUndefined();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('without built pages /admin says how to build them', async () => {
  await using bare = await startTestServer();
  const answer = await bare.as(null).fetch('/admin', { headers: BROWSER });
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain('npm run build-pages');
});
