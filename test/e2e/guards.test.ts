import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REQUEST_SCHEMAS } from '../../shared/bridge-schemas.ts';
import { ask } from './ask.ts';
import { cannotLaunch, type Launched, launch } from './launch.ts';

/** What a page may not do, tried from inside a page. */

describe.skipIf(cannotLaunch !== null)(`guards${cannotLaunch === null ? '' : ` (${cannotLaunch})`}`, () => {
  let launched: Launched;

  beforeAll(async () => {
    launched = await launch({ plainPage: true });
  });
  afterAll(() => launched.close());

  it('gives the page the bridge and nothing else', async () => {
    const seen = await launched.page.evaluate(() => {
      const all = globalThis as unknown as Record<string, unknown>;
      const bridge = all['enclave'] as Record<string, unknown>;
      return {
        members: Object.keys(bridge).toSorted(),
        isFrozen: Object.isFrozen(bridge),
        leaked: ['require', 'process', 'module', 'Buffer', 'ipcRenderer', 'standin', 'standinSend'].filter(
          (name) => all[name] !== undefined,
        ),
      };
    });
    expect(seen.leaked).toEqual([]);
    expect(seen.isFrozen).toBe(true);
    expect(seen.members).toEqual([...Object.keys(REQUEST_SCHEMAS), 'on', 'pathsOf'].toSorted());
  });

  it('refuses an event that is not in the map', async () => {
    await expect(
      launched.page.evaluate(() =>
        (globalThis as unknown as { enclave: { on(name: string, listener: () => void): void } }).enclave.on(
          'anything',
          () => undefined,
        ),
      ),
    ).rejects.toThrow('no such event');
  });

  it('runs no inline script, no text as code, but the module that was served', async () => {
    const ran = await launched.page.evaluate(() => {
      const all = globalThis as unknown as Record<string, unknown>;
      const script = document.createElement('script');
      script.textContent = 'globalThis.addedScriptRan = true';
      document.body.append(script);
      return [all['moduleScriptRan'], all['inlineScriptRan'], all['addedScriptRan']];
    });
    expect(ran).toEqual([true, undefined, undefined]);
  });

  it('fetches nothing from outside', async () => {
    const refused = await launched.page.evaluate(
      () =>
        new Promise((resolve) => {
          document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), {
            once: true,
          });
          void fetch('https://example.com/').catch(() => undefined);
        }),
    );
    expect(refused).toBe('connect-src');
    const image = await launched.page.evaluate(
      () =>
        new Promise((resolve) => {
          document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), {
            once: true,
          });
          new Image().src = 'https://example.com/pixel.png';
        }),
    );
    expect(image).toBe('img-src');
  });

  it('cancels a request outside app: that no policy stops', async () => {
    const own = await launch({ plainPage: true });
    await expect(own.app.loadInMain('https://example.com/')).rejects.toThrow(/ERR_BLOCKED_BY_CLIENT|-20/);
    await own.close();
  });

  it('serves the renderer and nothing beside it', async () => {
    const { page } = launched;
    const statusOf = (path: string): Promise<number> =>
      page.evaluate(async (asked) => (await fetch(asked)).status, path);
    expect(await statusOf('./page.js')).toBe(200);
    const refused = ['/../preload.cjs', '/..%2fpreload.cjs', '/%2e%2e/package.json', '/page.ts', '/', '/no.js'];
    expect(await Promise.all(refused.map(statusOf))).toEqual(refused.map(() => 404));
  });

  it('shows a report in a frame without script', async () => {
    const frame = launched.page.frameLocator('iframe');
    const colour = await frame.locator('p').evaluate((element) => getComputedStyle(element).color);
    expect(colour).toBe('rgb(1, 2, 3)');
  });

  it('stays where it is when the page would go elsewhere', async () => {
    const { page, app } = launched;
    const { href } = await page.evaluate(() => ({ href: location.href }));
    await page.evaluate(() => {
      location.href = 'https://example.com/';
    });
    await page.evaluate(() => {
      const link = document.createElement('a');
      link.href = '/page.js';
      document.body.append(link);
      link.click();
    });
    await page.waitForTimeout(300);
    expect(await page.evaluate(() => location.href)).toBe(href);
    expect((await ask(page, 'appInfo', null)).preview).toBe(true);
    expect(app.pages()).toHaveLength(1);
  });

  it('opens no window', async () => {
    const { page } = launched;
    await page.evaluate(() => {
      window.open('https://example.com/');
      window.open('about:blank');
      const link = document.createElement('a');
      Object.assign(link, { href: '/index.html', target: '_blank' });
      document.body.append(link);
      link.click();
    });
    await page.waitForTimeout(300);
    expect(page.context().pages()).toEqual([page]);
  });

  it('has no permission', async () => {
    const states = await launched.page.evaluate(async () => {
      const names = ['geolocation', 'notifications', 'camera', 'microphone'] as unknown as PermissionName[];
      return Promise.all(names.map(async (name) => (await navigator.permissions.query({ name })).state));
    });
    expect(states).toEqual(['denied', 'denied', 'denied', 'denied']);
  });
});
