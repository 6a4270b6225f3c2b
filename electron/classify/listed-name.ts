import { domainToASCII } from 'node:url';
import { type AddressBlock, formatAddress, formatBlock, isIpv4, parseBlock } from '../../shared/address.ts';

/** Names and addresses as people write them into lists. */

/** Widest blocks that a list may name: a wider one would list half the Internet. */
const LEAST_BITS_IPV4 = 8;
const LEAST_BITS_IPV6 = 16;

/** Takes back what keeps a list from being clicked on: `hxxp://evil[.]test`, `evil(dot)test`. */
export function refanged(text: string): string {
  return text
    .trim()
    .replaceAll(/\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)/gi, '.')
    .replaceAll('[:]', ':')
    .replace(/^hxxp/i, 'http')
    .replace('[://]', '://');
}

/**
 * A host name in lower-case ASCII (RFC 5890 A-labels), without the dot at its end; null for what is none or is a single label,
 * under which all of a country or of the Internet lies. Names of services (`_dmarc`) may have underscores.
 */
export function hostNameOf(text: string): string | null {
  if (text.length > 1024) return null;
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  // oxlint-disable-next-line no-control-regex -- ASCII is what is asked for
  const name = /^[\x00-\x7f]*$/.test(bare) ? bare.toLowerCase() : domainToASCII(bare);
  if (
    name.length > 253 ||
    !/^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/.test(name)
  ) {
    return null;
  }
  return name;
}

/** An address or block that is narrow enough for a list; null for others, and `too-broad` for too wide ones. */
export function listedBlock(text: string): AddressBlock | 'too-broad' | null {
  const block = parseBlock(text);
  if (block === null) return null;
  const [a, b, c] = block.words;
  const broad = isIpv4(a, b, c) ? block.bits < 96 + LEAST_BITS_IPV4 : block.bits < LEAST_BITS_IPV6;
  return broad ? 'too-broad' : block;
}

/** CIDR; an address alone without length. */
export function blockText(block: AddressBlock): string {
  return block.bits === 128 ? formatAddress(...block.words) : formatBlock(block);
}

/** The host of a URL: a name or an address; null when it has none. */
export function urlHost(text: string): string | null {
  const match =
    /^[a-z][a-z0-9+.-]{0,30}:\/\/(?:[^/?#@\s]{0,1024}@)?(\[[0-9a-f:.]{2,45}\]|[^/?#:\s]{1,1024})(?::\d{1,5})?(?:[/?#]|$)/i.exec(
      text.slice(0, 65_536),
    );
  const host = match?.[1];
  if (host === undefined) return null;
  return host.startsWith('[') ? host.slice(1, -1) : host;
}
