/** Formats that are recognised only to say so, and what would make of them something that is read. */

const AS_PCAPNG = 'editcap, which comes with Wireshark, makes a pcapng of it';
const AS_NFCAPD = 'ft2nfdump, which comes with nfdump, makes an nfcapd file of it';
const UNPACK = 'unpack it first';

/** First bytes in hex → what the file is, and what to do; magic numbers as in Wireshark's wiretap/, and of the tools themselves. */
const REFUSED_FORMATS: readonly (readonly [hex: string, name: string, remedy: string])[] = [
  ['cf10', 'flow-tools', AS_NFCAPD],
  ['53514c69746520', 'SQLite', ''],
  ['474d4255', 'Microsoft Network Monitor 2', AS_PCAPNG],
  ['52545353', 'Microsoft Network Monitor 1', AS_PCAPNG],
  ['58435000', 'NetXRay or Windows Sniffer', AS_PCAPNG],
  ['564c0000', 'NetXRay 1.0', AS_PCAPNG],
  ['5452534e4946462064617461', 'DOS Sniffer', AS_PCAPNG],
  ['6274736e6f6f7000', 'btsnoop (Bluetooth)', ''],
  ['69707472616365', 'AIX iptrace', AS_PCAPNG],
  ['4f62736572766572506b74', 'Network Instruments Observer', AS_PCAPNG],
  ['05564e46', 'Visual Networks', AS_PCAPNG],
  ['01104c00', 'Novell LANalyzer', AS_PCAPNG],
  ['5452006400', 'HP-UX nettl', AS_PCAPNG],
  ['00000001000000000007d0', 'HP-UX nettl', AS_PCAPNG],
  ['aaaaaaaa200000', 'InfoVista 5View', AS_PCAPNG],
  ['45796553444e', 'EyeSDN', ''],
  ['7f766572', 'OmniPeek', AS_PCAPNG],
  ['42d2003412662288', 'RADCOM', AS_PCAPNG],
  ['4c4f4747', 'Vector BLF', ''],
  ['377abcaf271c', '7-Zip', UNPACK],
  ['52617221', 'RAR', UNPACK],
  ['894c5a4f', 'lzop', UNPACK],
  ['4c5a4950', 'lzip', UNPACK],
  ['1f9d', 'compress (.Z)', UNPACK],
  ['5d000080', 'LZMA (.lzma)', UNPACK],
  ['5d00000004', 'LZMA (.lzma)', UNPACK],
  ['25504446', 'PDF', ''],
];

/** Text that packets were printed as; how its first line looks. */
const PRINTED_PACKETS: readonly (readonly [line: RegExp, name: string])[] = [
  [/^\+-{9}\+-{15}\+-{10}\+/, 'K12 text'],
  [/^(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{6} .* > /, "tcpdump's printed packets"],
];

/** What a file is that is recognised only to be refused, with the remedy where there is one; null when it is none of these. */
export function describeRefused(head: Uint8Array): string | null {
  const hex = Buffer.from(head.subarray(0, 16)).toString('hex');
  const known = REFUSED_FORMATS.find(([magic]) => hex.startsWith(magic));
  if (known !== undefined) {
    const [, name, remedy] = known;
    return `a file of the kind ${name}, which this version does not read${remedy === '' ? '' : `: ${remedy}`}`;
  }
  const [first = ''] = Buffer.from(head.subarray(0, 512)).toString('latin1').split('\n', 1);
  const printed = PRINTED_PACKETS.find(([line]) => line.test(first));
  return printed === undefined ? null : `${printed[1]}, not the capture itself: import the capture`;
}
