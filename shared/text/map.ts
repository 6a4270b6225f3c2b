/** English and German of the Map. */
export const mapText = {
  '{source} (of {date})': '{source} (vom {date})',
  'all flows at the other times of the case': 'alle Flows zu den anderen Zeiten des Falls',
  'the same filter at all other times of the case': 'derselbe Filter zu allen anderen Zeiten des Falls',
  'all flows that the filter leaves out': 'alle Flows, die der Filter auslässt',
  'too few': 'zu wenige',
  '{metric} per country, at least; logarithmic steps': '{metric} je Land, mindestens; logarithmische Stufen',
  'share over expected share': 'Anteil durch erwarteten Anteil',
  ' (place not stated)': ' (Ort nicht angegeben)',
  'Map of the peers’ countries. Arrow keys move it, plus and minus zoom, z shows the selected country near, 0 the whole world. The list beside it holds every country.':
    'Karte der Länder der Gegenstellen. Pfeiltasten bewegen sie, Plus und Minus vergrößern und verkleinern, z zeigt das gewählte Land aus der Nähe, 0 die ganze Welt. Die Liste daneben enthält jedes Land.',
  Zoom: 'Zoom',
  'Zoom to the country': 'Das Land vergrößern',
  'Zoom to the country that is selected or pointed at (z)':
    'Das Land vergrößern, das gewählt ist oder auf das gezeigt wird (z)',
  'Show the whole world': 'Die ganze Welt zeigen',
  'Show the whole world (0)': 'Die ganze Welt zeigen (0)',
  'Countries by amount. Enter opens one.': 'Länder nach Menge. Enter öffnet eines.',
  '(not on the map)': '(nicht auf der Karte)',
  'tables disagree': 'die Tabellen sind uneins',
  'Show all {countries}': 'Alle {countries} zeigen',
  'the tables disagree on {share} of its flows (also {names})':
    'die Tabellen sind bei {share} seiner Flows uneins (auch {names})',
  'no flow that matches': 'kein passender Flow',
  '{amount}, {share} of all that match': '{amount}, {share} von allem, was passt',
  'fewer than {least} flows found or expected: too few to tell':
    'weniger als {least} Flows gefunden oder erwartet: zu wenige für eine Aussage',
  '{ratio} the expected share of {expected}': 'das {ratio}-Fache des erwarteten Anteils von {expected}',
  'Peers by country: deviation from expectation': 'Gegenstellen nach Land: Abweichung vom Erwarteten',
  'Peers by country': 'Gegenstellen nach Land',
  'country (ISO 3166-1)': 'Land (ISO 3166-1)',
  'share of all that match': 'Anteil an allem, was passt',
  'expected share': 'erwarteter Anteil',
  'expected flows': 'erwartete Flows',
  'log2 of share over expected share': 'log2 von Anteil durch erwarteten Anteil',
  'share of flows on which tables disagree': 'Anteil der Flows, bei denen Tabellen uneins sind',
  'the tables disagree on {share} or more of its flows': 'die Tabellen sind bei {share} oder mehr seiner Flows uneins',
  Amount: 'Menge',
  Deviation: 'Abweichung',
  'Deviation compares what matches with the rest of the case: set a filter, or choose a span of time':
    'Die Abweichung vergleicht, was passt, mit dem Rest des Falls: Filter setzen oder Zeitspanne wählen',
  'Arcs from ranges': 'Bögen aus den Bereichen',
  'Hatched: the country tables disagree on {share} or more of the flows':
    'Schraffiert: die Ländertabellen sind bei {share} oder mehr der Flows uneins',
  'Tables disagree': 'Tabellen uneins',
  'The shapes of the countries cannot be read ({fault}). The list beside is whole.':
    'Die Umrisse der Länder lassen sich nicht lesen ({fault}). Die Liste daneben ist vollständig.',
  'Drawing the countries…': 'Die Länder werden gezeichnet…',
  'Expected is a country’s share of {metric} among {words}; colour is the ratio of the shares, half a recorded flow taken for none. No colour below {least} flows found or expected. There is no interval: flows of one host come together, and more of one country is less of others. ':
    'Erwartet ist der Anteil eines Landes an {metric}, Vergleich: {words}; die Farbe ist das Verhältnis der Anteile, für keinen wird ein halber aufgezeichneter Flow angesetzt. Keine Farbe unter {least} gefundenen oder erwarteten Flows. Ein Intervall gibt es nicht: Flows eines Hosts kommen gemeinsam, und mehr von einem Land ist weniger von anderen. ',
  ', the {most} largest of {all}': ', die {most} größten von {all}',
  ' Where the profile states no country of a range, they begin at a marked point that is no place.':
    ' Wo das Profil kein Land eines Bereichs angibt, beginnen sie an einem markierten Punkt, der kein Ort ist.',
  'Arcs: one for each range and country{largest}, wider for more {metric}; they are no routes.{origins} ':
    'Bögen: einer für jeden Bereich und jedes Land{largest}, breiter für mehr {metric}; es sind keine Routen.{origins} ',
  'Hatched: the country tables, overlays of the case among them, place the peer differently for {share} or more of a country’s flows. ':
    'Schraffiert: die Ländertabellen, darunter Overlays des Falls, verorten die Gegenstelle bei {share} oder mehr der Flows eines Landes verschieden. ',
  'A peer’s country is where its address is registered or held to be, not where a person, a server or the far end of a tunnel was':
    'Das Land einer Gegenstelle ist, wo ihre Adresse registriert ist oder geführt wird, nicht, wo eine Person, ein Server oder das ferne Ende eines Tunnels war',
  ', by {tables}': ', nach {tables}',
  ' A host-hour counts once in each country that it touched.':
    ' Eine Host-Stunde zählt einmal in jedem Land, das sie berührte.',
  ' Not on the map, but in the list: {undrawn}.': ' Nicht auf der Karte, aber in der Liste: {undrawn}.',
  'Which table, and the shapes': 'Welche Tabelle, und die Umrisse',
  'Of the country tables the one nearest in time to the flow is asked. Shapes: Natural Earth 1:50 m, Equal Earth projection; borders are schematic and no statement on the status of any territory. Countries with flows that are too small to see are dots; what is no country of the shapes stands in the list.':
    'Von den Ländertabellen wird die befragt, die dem Flow zeitlich am nächsten liegt. Umrisse: Natural Earth 1:50 Mio., Equal-Earth-Projektion; Grenzen sind schematisch und keine Aussage über den Status eines Gebiets. Länder mit Flows, die zu klein sind, um sie zu sehen, sind Punkte; was kein Land der Umrisse ist, steht in der Liste.',
  Networks: 'Netze',
  '{countries} countries': '{countries} Länder',
  List: 'Liste',
  ', ratio to the expected share': ', Verhältnis zum erwarteten Anteil',
  ', share of all that match': ', Anteil an allem, was passt',
  '; scaled by sampling': '; mit der Sampling-Rate hochgerechnet',
  'Private and special addresses, and what no country table holds':
    'Private und besondere Adressen, und was keine Ländertabelle enthält',
  'Country not known': 'Land nicht bekannt',
  'name not known': 'Name nicht bekannt',
  'Networks by amount': 'Netze nach Menge',
  'AS{asn}': 'AS{asn}',
  'The {most} of {named} with most.': 'Die {most} größten von {named}.',
  'Private and special addresses, and what no network table holds':
    'Private und besondere Adressen, und was keine Netztabelle enthält',
  'Network not known': 'Netz nicht bekannt',
} as const;
