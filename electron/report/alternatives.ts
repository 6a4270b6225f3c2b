import type { Finding } from '../../shared/finding.ts';

/** What else could make the same traffic: printed with each finding that is borne out, so that it is not read for more than it says. */
export const ALTERNATIVES: Readonly<Record<Finding['kind'], string>> = {
  'claim-check': '',
  'activity-share':
    'Programs that fetch by themselves, and pages that load services which nobody asked for, raise a share without a person choosing it.',
  'service-ranking':
    'A service with many short flows comes before one with few long ones; content networks may stand for the services they carry.',
  'daily-rhythm': 'Machines on a timetable, or a provider that limits certain hours, give a rhythm without people.',
  'weekly-rhythm':
    'Scheduled work of machines, holidays, or evidence that is thinner on some weekdays, give the same order.',
  'event-association':
    'Something else may have fallen into the same hours: a holiday, an outage, another event. Nearness in time shows no cause.',
  'foreign-presence':
    'Reading a country’s sites from afar, machines hosted there, and a tunnel that ends there look alike; so does trade or study without travel.',
  onset:
    'A new device, another provider, a rule that came to recognise the traffic, or evidence that began to hold it, rise in the same way.',
  obfuscation: 'Work networks, privacy tools and products that carry a tunnel inside use the same techniques.',
  cryptocurrency:
    'A wallet, a research node or a program with coins built in speaks the same protocols without mining.',
  'watch-list':
    'Products fetch updates by themselves, and pages embed parts of listed sites; a visit shows no purpose.',
  reconnaissance:
    'Misconfigured machines, peer-to-peer programs, monitoring and worms meet many targets too, as does a host whose address others forge.',
  'malicious-activity':
    'Each detector tells a pattern of traffic that harmless programs can make, such as backup, monitoring or games.',
  beacon: 'Updates, clocks, mail programs and monitoring call at fixed intervals by design.',
  'host-profile':
    'Several people or devices may stand behind one address, and one device may have had several addresses.',
  'server-inventory':
    'A port that answered for a short time may be a peer-to-peer program or a forwarded port, not a service meant for others.',
  'period-comparison':
    'The evidence may have been taken otherwise in the two periods: another point, other sampling, other hours.',
  coverage: '',
};
