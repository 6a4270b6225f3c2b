import type { Route } from 'playwright-core';
import { theContext } from './chromium.ts';
import { strict } from './strict.ts';

/** `session.defaultSession` and `protocol`: who answers requests, and what is allowed. */

/** Chromium lets no custom scheme be intercepted: each stands behind a host name that exists nowhere. */
const HOST_SUFFIX = '.standin.invalid';

type ProtocolHandler = (request: Request) => Response | Promise<Response>;
type BeforeRequest = (details: object, answer: (response: { cancel?: boolean }) => void) => void;
type PermissionCheck = (contents: object | null, permission: string, origin: string, details: object) => boolean;

const handlers = new Map<string, ProtocolHandler>();
const schemes = new Set<string>();
let beforeRequest: BeforeRequest | null = null;
let permissionCheck: PermissionCheck | null = null;

/** `app://host/path` as Chromium gets it. */
export function toChromium(url: string): string {
  const { protocol, host, pathname, search, hash } = new URL(url);
  const scheme = protocol.slice(0, -1);
  return handlers.has(scheme) ? `https://${host}.${scheme}${HOST_SUFFIX}${pathname}${search}${hash}` : url;
}

/** What Chromium calls it, as main knows it. */
export function fromChromium(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !parsed.host.endsWith(HOST_SUFFIX)) return url;
  const name = parsed.host.slice(0, -HOST_SUFFIX.length);
  const dot = name.lastIndexOf('.');
  return `${name.slice(dot + 1)}://${name.slice(0, dot)}${parsed.pathname}${parsed.search}${parsed.hash}`;
}

export const protocol = strict('protocol', {
  registerSchemesAsPrivileged(customSchemes: { scheme: string }[]): void {
    for (const { scheme } of customSchemes) schemes.add(scheme);
  },
  handle(scheme: string, handler: ProtocolHandler): void {
    if (!schemes.has(scheme)) throw new Error(`stand-in: the scheme ${scheme} was not registered as privileged`);
    handlers.set(scheme, handler);
  },
});

export const defaultSession = strict('session', {
  setPermissionCheckHandler(handler: PermissionCheck): void {
    permissionCheck = handler;
  },
  /** Chromium is told once what is allowed, by the check handler; it never asks. */
  setPermissionRequestHandler: (): void => undefined,
  setDevicePermissionHandler: (): void => undefined,
  /** Playwright's Chromium checks no spelling. */
  setSpellCheckerEnabled: (): void => undefined,
  webRequest: strict('webRequest', {
    onBeforeRequest(listener: BeforeRequest): void {
      beforeRequest = listener;
    },
  }),
});

const PERMISSIONS = [
  'camera',
  'clipboard-read',
  'clipboard-write',
  'geolocation',
  'microphone',
  'midi',
  'notifications',
] as const;

/** Grants what the check handler grants, and refuses the rest; without a handler everything is granted, as in Electron. */
export async function applyPermissions(): Promise<void> {
  const allowed = PERMISSIONS.filter((name) => permissionCheck?.(null, name, '', {}) ?? true);
  await theContext().grantPermissions(allowed);
}

/** Answers a request of a page: cancelled by webRequest, served by a protocol handler, or let go to where it wants. */
export async function answerRequest(route: Route): Promise<void> {
  const request = route.request();
  const url = fromChromium(request.url());
  const { cancel } = await new Promise<{ cancel?: boolean }>((resolve) => {
    const details = { url, method: request.method(), resourceType: request.resourceType() };
    if (beforeRequest === null) resolve({});
    else beforeRequest(details, resolve);
  });
  if (cancel === true) return route.abort('blockedbyclient');
  const handler = handlers.get(new URL(url).protocol.slice(0, -1));
  if (handler === undefined) return route.continue();
  const response = await handler(new Request(url, { method: request.method() }));
  return route.fulfill({
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  });
}
