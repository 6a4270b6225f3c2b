import type { Category } from '../../shared/vocabulary.ts';

/** A service that a form of payload names by itself, with its category in the catalogue. */
export interface RuleService {
  readonly service: string;
  readonly category: Category;
}

/** Payload rule → the service that alone speaks what the rule recognises. Apart from the rules, so that labelling loads none of them. */
export const SERVICE_OF_RULE: Readonly<Record<string, RuleService>> = {
  'aliyun-frame': { service: 'aliyun', category: 'cloud' },
  'among-us-hello': { service: 'among-us', category: 'gaming' },
  'avast-certificate-question': { service: 'avast-secure-dns', category: 'vpn' },
  'discord-ip-discovery': { service: 'discord', category: 'comms' },
  'discord-voice-ping': { service: 'discord', category: 'comms' },
  'dropbox-lan-search': { service: 'dropbox', category: 'cloud' },
  'epic-games-handshake': { service: 'epic-games', category: 'gaming' },
  'gearup-booster-echo': { service: 'gearup-booster', category: 'vpn' },
  'gearup-booster-ping': { service: 'gearup-booster', category: 'vpn' },
  'maplestory-greeting': { service: 'maplestory', category: 'gaming' },
  'microsoft-call': { service: 'skype-teams', category: 'comms' },
  'microsoft-call-tcp': { service: 'skype-teams', category: 'comms' },
  'mihoyo-handshake': { service: 'genshin-impact', category: 'gaming' },
  'nintendo-pia': { service: 'nintendo', category: 'gaming' },
  'riot-games-ping': { service: 'riot-games', category: 'gaming' },
  'spotify-client-hello': { service: 'spotify', category: 'streaming' },
  'spotify-lan-search': { service: 'spotify', category: 'streaming' },
  'threema-client-hello': { service: 'threema', category: 'comms' },
  'tivo-beacon': { service: 'tivo', category: 'iot' },
  'tuya-lan-frame': { service: 'tuya', category: 'iot' },
  'whatsapp-call': { service: 'whatsapp', category: 'comms' },
  'world-of-warcraft-greeting': { service: 'world-of-warcraft', category: 'gaming' },
  'zoom-connectivity-test': { service: 'zoom', category: 'comms' },
  'zoom-echo': { service: 'zoom', category: 'comms' },
  'zoom-media-opening': { service: 'zoom', category: 'comms' },
};
