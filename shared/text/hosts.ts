/** English and German of the Hosts view and the page of a host. */
export const hostsText = {
  'Its flows on {day}, in order': 'Seine Flows am {day}, der Reihe nach',
  'The first {most} of {all} flows; the Flows view has all. ':
    'Die ersten {most} von {all} Flows; die Ansicht Flows hat alle. ',
  'Times in {timeZone}, bytes both ways as recorded.':
    'Zeiten in {timeZone}, Bytes beider Richtungen wie aufgezeichnet.',
  'Hour by day, {metric}; the largest cell holds {amount}. Arrow keys move, Enter chooses the day':
    'Stunde je Tag, {metric}; die größte Zelle hat {amount}. Pfeiltasten bewegen, Enter wählt den Tag',
  'bytes both ways': 'Bytes, beide Richtungen',
  'first seen (UTC)': 'zuerst gesehen (UTC)',
  'last seen (UTC)': 'zuletzt gesehen (UTC)',
  'Names it went to or was called by': 'Namen, zu denen er ging oder die er trug',
  'No flow carries a name.': 'Kein Flow trägt einen Namen.',
  'User agents it sent': 'User-Agents, die er sandte',
  'It sent none that the evidence shows.': 'Er sandte keinen, den die Beweismittel zeigen.',
  'JA4 of its TLS and QUIC hellos': 'JA4 seiner TLS- und QUIC-Hellos',
  'No hello of it is in the evidence.': 'Kein Hello von ihm ist in den Beweismitteln.',
  'JA3 of its TLS hellos': 'JA3 seiner TLS-Hellos',
  'Hours of its days': 'Stunden seiner Tage',
  'Hours of its days, {profileZone}': 'Stunden seiner Tage, {profileZone}',
  ' (the first {days} of {all} days)': ' (die ersten {days} von {all} Tagen)',
  '{metric} an hour, shade by square root; Enter or a click chooses the day':
    '{metric} je Stunde, Tönung nach Quadratwurzel; Enter oder Klick wählt den Tag',
  '{host}: {metric} by hour of its days': '{host}: {metric} nach Stunde seiner Tage',
  '{text}: {flows} flows. Click to add it to the filter.': '{text}: {flows} Flows. Klick fügt es dem Filter hinzu.',
  'the figures of host {host}': 'die Zahlen des Hosts {host}',
  'Host {host}': 'Host {host}',
  '{bytes} both ways': '{bytes} in beiden Richtungen',
  'first seen {firstSeen}': 'zuerst gesehen {firstSeen}',
  'last seen {lastSeen}': 'zuletzt gesehen {lastSeen}',
  'role {role} by finding {id}': 'Rolle {role} nach Befund {id}',
  'No flow of this host is in the list under this filter.':
    'Unter diesem Filter steht kein Flow dieses Hosts in der Liste.',
  'Under this filter': 'Unter diesem Filter',
  'First seen': 'Zuerst gesehen',
  'Last seen': 'Zuletzt gesehen',
  'What it is, by the whole case': 'Was er ist, nach dem ganzen Fall',
  'No finding is about this host: only the busiest hosts have one.':
    'Kein Befund handelt von diesem Host: nur die aktivsten Hosts haben einen.',
  ', active {from}:00 to {to}:00': ', aktiv {from}:00 bis {to}:00',
  'Nothing it sent names a device.': 'Nichts, was er sandte, benennt ein Gerät.',
  'Look at the finding': 'Befund ansehen',
  'Countries of its peers': 'Länder seiner Gegenstellen',
  Role: 'Rolle',
  Devices: 'Geräte',
  'Over the case': 'Über den Fall',
  'No host of the ranges is in the matching flows': 'Kein Host der Bereiche ist in den passenden Flows',
  'Clear the filter, or look whether the profile’s ranges are those of the evidence.':
    'Filter leeren, oder prüfen, ob die Bereiche des Profils die der Beweismittel sind.',
  '{all} hosts': '{all} Hosts',
  'Hosts over the case': 'Hosts über den Fall',
  'flows of {daysPerStep|day|days}, over those of the host’s fullest':
    'Flows aus {daysPerStep|Tag|Tagen}, im Verhältnis zum vollsten des Hosts',
  'Find hosts by address, role or device': 'Hosts nach Adresse, Rolle oder Gerät suchen',
  'Address, role or device': 'Adresse, Rolle oder Gerät',
  'Hosts, times in {timeZone}': 'Hosts, Zeiten in {timeZone}',
  ', of the {most} busiest': ', der {most} aktivsten',
  '{rows} of {all} hosts listed{busiest}. ': '{rows} von {all} Hosts aufgeführt{busiest}. ',
  'a day': 'ein Tag',
  '{daysPerStep} days': '{daysPerStep} Tage',
  '{listed}Addresses inside the ranges; times in {timeZone}. A bar is {bar}, over the host’s fullest. Role and devices are told of the busiest hosts. Enter or a click opens a host, with Shift it filters.':
    '{listed}Adressen in den Bereichen; Zeiten in {timeZone}. Ein Balken ist {bar}, im Verhältnis zum vollsten des Hosts. Rolle und Geräte werden zu den aktivsten Hosts genannt. Enter oder Klick öffnet einen Host, mit Umschalt wird gefiltert.',
} as const;
