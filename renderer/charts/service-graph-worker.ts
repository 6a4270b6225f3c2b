import { ForceLayout, type LayoutRequest } from './service-graph-layout.ts';

/** The thread that lays out networks: one request, then positions as they come. */

export interface LayoutReply {
  readonly positions: Float32Array;
  readonly done: boolean;
}

/** Steps between two pictures. */
const STEPS_AT_ONCE = 8;

addEventListener('message', ({ data }: MessageEvent<LayoutRequest>) => {
  const layout = new ForceLayout(data);
  for (let goesOn = true; goesOn;) {
    goesOn = layout.step(STEPS_AT_ONCE);
    const positions = layout.positions();
    postMessage({ positions, done: !goesOn } satisfies LayoutReply, { transfer: [positions.buffer] });
  }
});
