import { findingsOf, type Judge } from './judged-row.ts';
import { verdictRow } from './judged-row.ts';

/** Whether a response to events is told where one is planted, and only there. */
export const judgeEventAssociations: Judge = (findings, truth) =>
  findingsOf(findings, 'event-association').flatMap(({ eventKind, metric, verdict }) => {
    const planted = truth.effects.some((effect) => effect.effect === 'event-response' && effect.kind === eventKind);
    const parts = {
      kind: 'event-association',
      subject: eventKind,
      measure: 'response told',
      metric,
      item: eventKind,
    } as const;
    return [verdictRow(parts, planted, verdict === 'supported')];
  });
