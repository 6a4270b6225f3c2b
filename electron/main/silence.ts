import type { App } from 'electron';

/**
 * Chromium speaks to nobody: no background requests, no look-ups, no discovery on the local network. What is left is a
 * `connect` on a UDP socket by which it learns whether there is a route; it sends nothing.
 */
const SWITCHES: readonly (readonly [name: string, value?: string])[] = [
  ['disable-background-networking'],
  ['disable-component-update'],
  ['disable-default-apps'],
  ['disable-domain-reliability'],
  ['disable-sync'],
  ['no-pings'],
  ['no-proxy-server'],
  ['host-resolver-rules', 'MAP * ~NOTFOUND'],
  [
    'disable-features',
    [
      'AutofillServerCommunication',
      'CertificateTransparencyComponentUpdater',
      'DialMediaRouteProvider',
      'MediaRouter',
      'NetworkTimeServiceQuerying',
      'OptimizationHints',
      'Translate',
    ].join(','),
  ],
];

/** To be called before the app is ready. */
export function silence(app: App): void {
  for (const [name, value] of SWITCHES) {
    if (value === undefined) app.commandLine.appendSwitch(name);
    else app.commandLine.appendSwitch(name, value);
  }
}
