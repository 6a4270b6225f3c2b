import {
  createContext,
  type Dispatch,
  type SetStateAction,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
} from 'react';
import type { Answer, CallName, Calls } from '../../shared/bridge.ts';
import type { EvidenceNews, ProfileCorrection, VerifyResult } from '../../shared/jobs.ts';
import type { ErrorValue } from '../../shared/problem.ts';
import type { Profile } from '../../shared/profile.ts';
import { ask } from '../bridge-access.ts';
import { type Job, startedJob } from './job.ts';

/** Work on the whole case that the window begins, and what came of it, as long as the case is open. */
export interface CaseWork {
  readonly job: Job | null;
  readonly dismissJob: () => void;
  /** Files that imports of this window did not take in, by path: rejected, or in the case already. */
  readonly refused: ReadonlyMap<string, EvidenceNews>;
  readonly verification: VerifyResult | null;
  readonly correction: ProfileCorrection | null;
  readonly dismissCorrection: () => void;
  readonly verify: () => Promise<void>;
  readonly analyse: () => Promise<void>;
  /** True when it was done; what went wrong stands in `job`. */
  readonly changeProfile: (profile: Profile) => Promise<boolean>;
}

const REFUSED: readonly EvidenceNews['status'][] = ['rejected', 'duplicate'];

/** Apart from the workbench: it changes with each news of a job, and few look at it. */
export const CaseWorkContext = createContext<CaseWork | null>(null);

export function useWorkOnCase(): CaseWork {
  const work = useContext(CaseWorkContext);
  if (work === null) throw new Error('no case is shown');
  return work;
}

/** @param casePath of the open case; null: none. What came of work on another one is forgotten. */
export function useCaseWork(
  casePath: string | null,
  job: Job | null,
  setJob: Dispatch<SetStateAction<Job | null>>,
  fail: (kind: Job['kind'], fault: ErrorValue) => void,
  refresh: () => Promise<void>,
): CaseWork {
  const [refused, setRefused] = useState<ReadonlyMap<string, EvidenceNews>>(new Map());
  const [verification, setVerification] = useState<VerifyResult | null>(null);
  const [correction, setCorrection] = useState<ProfileCorrection | null>(null);

  useEffect(() => {
    setRefused(new Map());
    setVerification(null);
    setCorrection(null);
    return window.enclave.on('evidence', (news) =>
      setRefused((before) => {
        if (!REFUSED.includes(news.status) && !before.has(news.path)) return before;
        const after = new Map(before);
        if (REFUSED.includes(news.status)) after.set(news.path, news);
        else after.delete(news.path);
        return after;
      }),
    );
  }, [casePath]);

  const work = useCallback(
    async <Name extends CallName>(
      kind: Job['kind'],
      name: Name,
      request: Calls[Name]['request'],
    ): Promise<Answer<Calls[Name]['response']>> => {
      setJob(startedJob(kind));
      const answer = await ask(name, request);
      if (answer.ok) setJob({ ...startedJob(kind), state: 'done' });
      else fail(kind, answer.error);
      await refresh();
      return answer;
    },
    [fail, refresh, setJob],
  );
  const verify = useCallback(async (): Promise<void> => {
    const answer = await work('verify', 'verify', null);
    if (answer.ok) setVerification(answer.value);
  }, [work]);
  const analyse = useCallback(async (): Promise<void> => {
    await work('analyse', 'analyse', null);
  }, [work]);
  const changeProfile = useCallback(
    async (profile: Profile): Promise<boolean> => {
      const answer = await work('profile', 'changeProfile', { profile });
      if (answer.ok) setCorrection(answer.value);
      return answer.ok;
    },
    [work],
  );

  return useMemo(
    () => ({
      job,
      dismissJob: () => setJob(null),
      refused,
      verification,
      correction,
      dismissCorrection: () => setCorrection(null),
      verify,
      analyse,
      changeProfile,
    }),
    [job, setJob, refused, verification, correction, verify, analyse, changeProfile],
  );
}
