import type { Paper } from '../../shared/report-settings.ts';
import { FIXED_WIDTH, LETTERS } from './letters.ts';
import { cssString } from './markup.ts';

/**
 * The style of the report, for screen and paper. Pseudo-elements stand with one colon: two read as an address (a::af) to the check of
 * redacted reports. Letters are the page's own (letters.ts); black and white is enough to read every
 * figure, and page boxes carry the case and the page number (CSS Paged Media 3).
 */
export function reportStyle(title: string, id: string, banner: string, paper: Paper): string {
  const onEachPage =
    banner === ''
      ? ''
      : ['top', 'bottom']
          .map((edge) => `@${edge}-center { content: ${cssString(banner)}; font: 600 8.5pt ${LETTERS}; }`)
          .join('\n  ');
  return `
:root { --ink: #14202b; --quiet: #56646f; --line: #c9d1d8; --faint: #f3f5f7; }
* { box-sizing: border-box; }
html { font: 9.3pt/1.48 ${LETTERS};
  color: var(--ink); background: #fff; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
body { max-width: 174mm; margin: 12mm auto; padding: 0 4mm; }
h1, h2, h3, h4 { line-height: 1.25; font-weight: 600; break-after: avoid; margin: 0; }
h1 { font-size: 22pt; font-weight: 600; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 14pt; margin: 0 0 5mm; padding-bottom: 2mm; border-bottom: 0.6pt solid var(--ink); }
h3 { font-size: 11pt; margin: 7mm 0 2.5mm; }
h4 { font-size: 8.4pt; margin: 4mm 0 1mm; color: var(--quiet); }
h2 + p { break-inside: avoid; break-after: avoid; }
p { margin: 0 0 2.5mm; orphans: 3; widows: 3; }
ul { margin: 0 0 3mm; padding-left: 5mm; }
li { margin-bottom: 1.2mm; }
section { margin-top: 12mm; }
table { width: 100%; border-collapse: collapse; font-size: 8.2pt; line-height: 1.4; font-variant-numeric: tabular-nums; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th { text-align: left; font-weight: 600; color: var(--quiet); border-bottom: 0.6pt solid var(--ink); padding: 1mm 3mm 1mm 0;
  vertical-align: bottom; }
td { padding: 1.2mm 3mm 1.2mm 0; border-bottom: 0.4pt solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
td:last-child, th:last-child { padding-right: 0; }
th.number, td.number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
td.word, td.time, .address { white-space: nowrap; overflow-wrap: normal; }
strong { font-weight: 600; }
code, .hash, .mono { font: 7.8pt/1.45 ${FIXED_WIDTH};
  overflow-wrap: anywhere; }
code.block { display: block; white-space: pre-wrap; background: var(--faint); padding: 1.6mm 2.4mm; }
.hash span { margin-right: 0.55em; }
.hash span:last-child { margin-right: 0; }
table.audit { margin-top: 4mm; }
table.serial th:first-child { width: 36%; }
table.serial th.number { white-space: normal; }
table.serial td.mono { white-space: nowrap; }
table.shares { margin: 4mm 0; }
table.methods td:first-child { width: 32mm; }
table.claims td:nth-child(2) { width: 30%; }
table + table { margin-top: 4mm; }
.subject { margin-bottom: 6mm; }
.flows { font-size: 8.2pt; margin-top: 2mm; }
.flows:has(+ .finding.first) { margin-bottom: 6mm; }
tbody.entry { break-inside: avoid; }
tbody.entry tr:not(:last-child) td { border-bottom: 0; padding-bottom: 0; }
td.detail { font-size: 7.8pt; }
.part { margin-bottom: 1.2mm; }
table.narrow { width: auto; min-width: 84mm; }
.folded { columns: 2; column-gap: 8mm; break-inside: avoid; }
.pair { display: grid; grid-template-columns: 1fr 1fr; column-gap: 6mm; break-inside: avoid; }
.together { white-space: nowrap; }
.quiet { color: var(--quiet); }
dl.facts { display: grid; grid-template-columns: 36mm 1fr; gap: 1.6mm 5mm; margin: 0; }
dl.facts dt { color: var(--quiet); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
dl.details { grid-template-columns: 30mm 1fr; font-size: 8.2pt; gap: 0.8mm 4mm; margin-top: 4mm; }
dl.facts dd, dl.facts dt, dl.details dd, dl.details dt { break-inside: avoid; }
dl.details > div:last-child > * { break-before: avoid; }
table + p.quiet, .folded + p.quiet { margin-top: 1.2mm; font-size: 8.2pt; }
dl.glossary { grid-template-columns: 42mm 1fr; gap: 2mm 5mm; }
dl.glossary dt { color: var(--ink); font-weight: 600; }
dl > div { display: contents; }
.cover .brand { color: var(--quiet); letter-spacing: 0.14em; text-transform: uppercase; font-size: 8.5pt;
  margin-bottom: 8mm; }
.cover { margin-top: 0; }
.cover h1 { margin-bottom: 3mm; }
.cover .subtitle { font-size: 11pt; color: var(--quiet); margin-bottom: 7mm; }
.cover dl.facts { padding: 5mm 0; border-top: 0.6pt solid var(--ink); border-bottom: 0.4pt solid var(--line); }
.summary li { margin-bottom: 1.8mm; }
.finding { margin-top: 8mm; }
.finding h3 { margin: 0 0 2mm; }
.finding .statement { font-size: 9.7pt; break-inside: avoid; break-after: avoid; }
.finding table:not(.rankings, .folded > *, :has(tr:nth-child(12))) { break-inside: avoid; }
.finding table.rankings:not(:has(tbody tr:nth-child(6))) { break-inside: avoid; }
article.host + article.host { margin-top: 7mm; }
article.host h3, article.host .statement { margin: 0 0 1mm; }
article.host dl.details, article.host figure { margin: 1.6mm 0; }
article.host dl.details { grid-template-columns: 18mm 1fr; }
article.host figcaption { margin: 0; }
.host-tables + .flows { margin: 1.5mm 0 0; break-before: avoid; }
.host-figures { break-inside: avoid; }
.host-tables { display: grid; grid-template-columns: 4fr 9fr; column-gap: 6mm; break-inside: avoid; }
.host-tables h4 { margin-top: 0; }
.host-tables td { padding-top: 0.4mm; padding-bottom: 0.4mm; }
table.exhibits td { border-bottom: 0; padding-top: 0.6mm; padding-bottom: 0.6mm; }
table.exhibits tbody tr:last-child td { border-bottom: 0.4pt solid var(--line); padding-bottom: 1.6mm; }
section:has(> .signatures) { break-inside: avoid; }
.signatures { display: grid; grid-template-columns: 1fr 1fr; gap: 6mm 10mm; margin-top: 8mm; break-inside: avoid; }
.signature .name { font-weight: 600; margin-bottom: 8mm; }
.signature .line { border-top: 0.6pt solid var(--ink); padding-top: 0.8mm; margin-bottom: 9mm; font-size: 8.2pt; color: var(--quiet); }
nav.contents { break-inside: avoid; }
nav.contents ol { list-style: none; margin: 6mm 0 0; padding: 0; columns: 2; column-gap: 12mm;
  font-size: 8.8pt; }
nav.contents li { margin-bottom: 0.6mm; }
nav.contents a { display: block; color: var(--ink); text-decoration: none; }
nav.contents a[data-page]:after { content: attr(data-page); float: right; color: var(--quiet); }
table.short td:first-child { width: 32mm; font-weight: 600; }
table.short p { margin-bottom: 1.4mm; }
ul.places { margin: 0; padding: 0; list-style: none; }
ul.places li { margin: 0; }
.finding.first { margin-top: 0; }
.verdict { display: inline-block; border: 0.7pt solid var(--ink); padding: 0 1.6mm; font-size: 7.6pt; line-height: 1.5;
  white-space: nowrap; }
.verdict.supported { background: var(--ink); color: #fff; }
.verdict.insufficient-data { border-style: dashed; }
h3 .verdict { margin-left: 2mm; vertical-align: 0.4mm; font-weight: 400; }
figure { margin: 3mm 0 4mm; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { font-size: 8pt; color: var(--quiet); margin-top: 1mm; }
.banner { border: 0.8pt solid var(--ink); text-align: center; font-weight: 600; padding: 1mm 4mm; margin: 4mm 0;
  overflow-wrap: anywhere; }
.note { border-left: 1.6pt solid var(--ink); background: var(--faint); padding: 3mm 4mm 1.5mm; margin-bottom: 5mm;
  font-size: 8.6pt; }
.caveats { font-size: 8.6pt; margin-top: 2mm; }
tbody.file { break-inside: avoid; }
tbody.file tr td { border-bottom: 0; }
tbody.file tr:last-child td { border-bottom: 0.4pt solid var(--line); padding-bottom: 2.4mm; }
tbody.file dl.facts { grid-template-columns: 22mm 1fr; gap: 0.6mm 3mm; }
text { font: 10px ${LETTERS};
  fill: var(--ink); }
text.quiet { fill: var(--quiet); }
g.halo text { paint-order: stroke; stroke: #fff; stroke-width: 2.5px; stroke-linejoin: round; }
@media screen { html { background: #e9edf0; } body { background: #fff; padding: 14mm 18mm; max-width: 210mm;
  box-shadow: 0 0 0 1px var(--line); } }
@media print { body { margin: 0; padding: 0; max-width: none; }
  .banner { display: none; }
  section.page { break-before: page; margin-top: 0; } }
@page { size: ${paper}; margin: 20mm 18mm 20mm;
  @bottom-left { content: ${cssString(title)}; font: 8pt ${LETTERS}; color: #56646f; }
  @bottom-right { content: ${cssString(`case ${id}, page `)} counter(page) " of " counter(pages); font: 8pt ${LETTERS};
    color: #56646f; }
  ${onEachPage} }
`;
}
