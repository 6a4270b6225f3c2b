import { judgeActivityShares } from './activity-share.ts';
import { judgeClaimChecks } from './claim-check.ts';
import { judgeBeacons } from './beacon.ts';
import { judgeCoverage } from './coverage.ts';
import { judgeCryptocurrency } from './cryptocurrency.ts';
import { judgeDailyRhythms } from './daily-rhythm.ts';
import { judgeEventAssociations } from './event-association.ts';
import { judgeForeignPresence } from './foreign-presence.ts';
import { judgeHostProfiles } from './host-profile.ts';
import type { Judge } from './judged-row.ts';
import { judgeObfuscation } from './obfuscation.ts';
import { judgeMaliciousActivity } from './malicious-activity.ts';
import { judgeOnsets } from './onset.ts';
import { judgeServerInventories } from './server-inventory.ts';
import { judgePeriodComparisons } from './period-comparison.ts';
import { judgeReconnaissance } from './reconnaissance.ts';
import { judgeServiceRankings } from './service-ranking.ts';
import { judgeWatchLists } from './watch-list.ts';
import { judgeWeeklyRhythms } from './weekly-rhythm.ts';
import type { Finding } from '../../../shared/finding.ts';

/** Who judges which kind of finding. Add a kind: a file beside this one, and its line here. */
export const JUDGES: Partial<Record<Finding['kind'], Judge>> = {
  'activity-share': judgeActivityShares,
  'service-ranking': judgeServiceRankings,
  'daily-rhythm': judgeDailyRhythms,
  'weekly-rhythm': judgeWeeklyRhythms,
  'event-association': judgeEventAssociations,
  'foreign-presence': judgeForeignPresence,
  onset: judgeOnsets,
  obfuscation: judgeObfuscation,
  cryptocurrency: judgeCryptocurrency,
  'watch-list': judgeWatchLists,
  'server-inventory': judgeServerInventories,
  'host-profile': judgeHostProfiles,
  'claim-check': judgeClaimChecks,
  beacon: judgeBeacons,
  reconnaissance: judgeReconnaissance,
  'malicious-activity': judgeMaliciousActivity,
  'period-comparison': judgePeriodComparisons,
  coverage: judgeCoverage,
};
