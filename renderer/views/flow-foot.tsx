import type { ReactNode } from 'react';
import { formatCount } from '../../shared/number-format.ts';
import type { FlowGroup } from '../state/flow-groups.ts';
import { say } from '../../shared/text/say.ts';

/** What is listed, in what order, and how it is counted. @param props.groups undefined: flows by themselves */
export function FlowFoot(props: {
  flows: number | null;
  groups: readonly FlowGroup[] | null | undefined;
  groupWords: string;
  orderWords: string;
  first: number;
  last: number;
  total: number;
  timeZone: string;
  /** What is highlighted cannot be told row by row. */
  isUnmarked: boolean;
}): ReactNode {
  const { flows, groups, groupWords, orderWords, first, last, total, timeZone } = props;
  return (
    <p className="foot quiet">
      {flows === null || groups === null
        ? say('Reading…')
        : groups !== undefined
          ? say(
              '{groups|group|groups} of {flowTotal} flows; groups by {groupWords}, flows {orderWords}. Flows as recorded; bytes and packets both ways{scaled}. Right and Left open and close a group.',
              {
                groups: groups.length,
                flowTotal: formatCount(flows),
                groupWords,
                orderWords,
                scaled: groups.some(({ scaled }) => scaled) ? say(', scaled by sampling where told') : '',
              },
            )
          : say(
              'Rows {first}–{last} of {all}, {orderWords}. Start in {timeZone} time; bytes as recorded. Arrow keys move, Enter explains a flow, Shift F10 or a right click tells what can be done with a cell.',
              {
                first: formatCount(first),
                last: formatCount(last),
                all: formatCount(total),
                orderWords,
                timeZone,
              },
            )}
      {props.isUnmarked && say(' What is highlighted cannot be told row by row.')}
    </p>
  );
}
