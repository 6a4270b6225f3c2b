/** What the stand-in does not have throws by name, so that nobody takes silence for an effect. */

export function notImplemented(what: string): Error {
  return new Error(`stand-in: electron.${what} is not implemented`);
}

/** The object as main code sees it: a member that it lacks throws, instead of being undefined. */
export function strict<T extends object>(name: string, target: T): T {
  const proxy: T = new Proxy(target, {
    get(_target, key) {
      if (typeof key === 'symbol' || key === 'then' || key === 'toJSON' || key in target) {
        const value: unknown = Reflect.get(target, key, target);
        // Methods run on the object itself, whose private fields a proxy does not have.
        if (typeof value !== 'function' || key === 'constructor') return value;
        return (...args: unknown[]): unknown => {
          const result: unknown = Reflect.apply(value, target, args);
          return result === target ? proxy : result;
        };
      }
      throw notImplemented(`${name}.${key}`);
    },
  });
  return proxy;
}

/** A whole module of Electron that the stand-in does not have. */
export function missing(name: string): object {
  const refuse = (): never => {
    throw notImplemented(name);
  };
  return new Proxy(Object, {
    get: (_target, key) => {
      if (typeof key === 'symbol') return undefined;
      throw notImplemented(`${name}.${key}`);
    },
    apply: refuse,
    construct: refuse,
  });
}
