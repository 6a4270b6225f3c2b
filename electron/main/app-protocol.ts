import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import type { CustomScheme, Protocol } from 'electron';

/** The `app:` scheme: the built renderer, and reports on their way to the printer. Nothing else is served. */

export const APP_SCHEME: CustomScheme = {
  scheme: 'app',
  privileges: { standard: true, secure: true, supportFetchAPI: true },
};

const APP_HOST = 'enclave';
const REPORT_HOST = 'report';
export const APP_PAGE = `app://${APP_HOST}/index.html`;

/**
 * Styles may stand in the page: the report is shown in a frame that inherits this policy and brings its own. A style can
 * load nothing, since images, fonts and requests are held to what is served here.
 */
const APP_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'; sandbox";

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/**
 * The file below `root` that a URL of the app's host names; null when the URL names another host, leaves the folder, or asks
 * for a kind of file that the window does not use.
 */
export function fileOf(root: string, url: string): string | null {
  let path: string;
  try {
    const { protocol, host, pathname } = new URL(url);
    if (protocol !== 'app:' || host !== APP_HOST) return null;
    path = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  if (path.includes('\0') || path.includes('\\')) return null;
  const file = join(root, path);
  return file.startsWith(root + sep) && Object.hasOwn(TYPES, extname(file)) ? file : null;
}

function respond(status: number, policy: string, type: string, body: string | Uint8Array<ArrayBuffer>): Response {
  return new Response(body, {
    status,
    headers: {
      'Content-Security-Policy': policy,
      'Content-Type': type,
      'X-Content-Type-Options': 'nosniff',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
    },
  });
}

/** Reports that wait to be printed, by the path they are served at. */
const reports = new Map<string, string>();

/** Serves a report until `withdraw` is called. */
export function serveReport(html: string): { url: string; withdraw: () => void } {
  const path = `/${randomUUID()}.html`;
  reports.set(path, html);
  return { url: `app://${REPORT_HOST}${path}`, withdraw: () => reports.delete(path) };
}

/** Serves `root` (absolute) from `app://enclave/`. */
export function handleAppProtocol(protocol: Protocol, root: string): void {
  protocol.handle(APP_SCHEME.scheme, async ({ url, method }) => {
    const notFound = (): Response => respond(404, APP_POLICY, 'text/plain', 'not found');
    if (method !== 'GET') return notFound();
    const { host, pathname } = new URL(url);
    if (host === REPORT_HOST) {
      const html = reports.get(pathname);
      return html === undefined ? notFound() : respond(200, REPORT_POLICY, TYPES['.html'] ?? '', html);
    }
    const file = fileOf(root, url);
    if (file === null) return notFound();
    try {
      return respond(200, APP_POLICY, TYPES[extname(file)] ?? '', new Uint8Array(await readFile(file)));
    } catch {
      return notFound();
    }
  });
}
