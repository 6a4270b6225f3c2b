import { commonText } from './common.ts';
import { evidenceText } from './evidence.ts';
import { findingsText } from './findings.ts';
import { flowsText } from './flows.ts';
import { frameText } from './frame.ts';
import { hostsText } from './hosts.ts';
import { mapText } from './map.ts';
import { menuText } from './menu.ts';
import { overviewText } from './overview.ts';
import { reportText } from './report.ts';
import { servicesText } from './services.ts';
import { timelineText } from './timeline.ts';

/**
 * Every text of the window and the app's menus: English, and German beside it, a file a part; what stands in more than one
 * part is in common.ts. One word for one thing:
 *
 * case Fall · evidence Beweismittel · capture Mitschnitt · flow Flow · initiator, responder Initiator, Responder ·
 * host Host · peer Gegenstelle · range Bereich · service Dienst · category Kategorie · label Einordnung · finding Befund ·
 * claim Behauptung · verdict Urteil · caveat Vorbehalt · exhibit Beleg · statement Aussage · examiner Bearbeiter ·
 * report Bericht · redaction Schwärzung · audit chain Prüfkette · audit log Prüfprotokoll · carve herauslösen ·
 * mapping Spaltenzuordnung · profile Profil · coverage Abdeckung · gap Lücke · outage Ausfall · onset Anfang ·
 * host-hour Host-Stunde · scaled by sampling mit der Sampling-Rate hochgerechnet · kept state gemerkter Zustand ·
 * highlight hervorheben · job Auftrag · verify überprüfen · seal versiegeln
 *
 * Not here, and English in every window: what findings state, their methods and caveats, the report, what checks and
 * problems of evidence tell, errors of the engine, names of services and categories, the filter language.
 */
export const CATALOGUE = {
  ...commonText,
  ...evidenceText,
  ...findingsText,
  ...flowsText,
  ...frameText,
  ...hostsText,
  ...mapText,
  ...menuText,
  ...overviewText,
  ...reportText,
  ...servicesText,
  ...timelineText,
};
