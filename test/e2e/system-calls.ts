/** What a trace of system calls says about the use of a network. */

/** Switches of strace by which `internetUseIn` can read its output: sockets by kind, every thread and child. */
export const STRACE_SWITCHES = [
  '-f',
  '--seccomp-bpf',
  '-yy',
  '-s',
  '0',
  '-e',
  'trace=%network,write,writev,execve,clone,clone3,fork,vfork',
] as const;

const LINE = /^(\d+) +(.*)$/;
const NEW_TASK = /^(?:<\.\.\. )?(?:clone3?|v?fork)\b.*= (\d+)$/;
const PROGRAM = /^execve\("([^"]*)"/;
const NEW_SOCKET = /^socket\((AF_\w+), (\w+)/;
const ON_INTERNET_SOCKET = /^(\w+)\(\d+<(UDPLITE|UDP|TCP|RAW|PING|SCTP|DCCP)/;

/** What Chromium may do with a UDP socket: ask the kernel for a route by connecting it, and look at it. */
const ROUTE_PROBE: readonly string[] = ['connect', 'getsockname', 'getpeername', 'getsockopt', 'setsockopt'];

/**
 * Calls in an strace output that reach for a network, in order. The program, its threads and children may have no socket but
 * Unix ones. Processes that come of executing `chromium` may besides have netlink ones, by which the kernel tells of
 * devices and addresses, and UDP ones that are connected and never sent on.
 */
export function internetUseIn(trace: string, chromium: string): string[] {
  const calls = trace.split('\n').flatMap((line) => {
    const [, task, call] = LINE.exec(line) ?? [];
    return task === undefined || call === undefined ? [] : [{ task, call }];
  });
  // A child's first calls may stand before the end of the call that made it.
  const children = new Map<string, string[]>();
  const browsers = new Set<string>();
  for (const { task, call } of calls) {
    const child = NEW_TASK.exec(call)?.[1];
    if (child !== undefined) children.set(task, [...(children.get(task) ?? []), child]);
    if (PROGRAM.exec(call)?.[1] === chromium) browsers.add(task);
  }
  const ours = new Set<string>();
  const waiting = calls.slice(0, 1).map(({ task }) => task);
  for (let task = waiting.pop(); task !== undefined; task = waiting.pop()) {
    if (browsers.has(task) || ours.has(task)) continue;
    ours.add(task);
    waiting.push(...(children.get(task) ?? []));
  }
  return calls.flatMap(({ task, call }) => {
    const isOurs = ours.has(task);
    return (isOurs ? mayMain(call) : mayChromium(call)) ? [] : [`${isOurs ? 'main' : 'Chromium'}: ${call}`];
  });
}

function mayMain(call: string): boolean {
  const family = NEW_SOCKET.exec(call)?.[1];
  return family === undefined ? !ON_INTERNET_SOCKET.test(call) : family === 'AF_UNIX';
}

function mayChromium(call: string): boolean {
  const [, family, type] = NEW_SOCKET.exec(call) ?? [];
  if (family !== undefined && type !== undefined) {
    return ['AF_UNIX', 'AF_NETLINK'].includes(family) || (/^AF_INET6?$/.test(family) && type === 'SOCK_DGRAM');
  }
  const [, name, kind] = ON_INTERNET_SOCKET.exec(call) ?? [];
  return name === undefined || (kind === 'UDP' && ROUTE_PROBE.includes(name));
}
