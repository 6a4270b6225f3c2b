import { crc32, deflateRawSync } from 'node:zlib';

/** Writes small archives for tests, byte by byte. */

export interface WrittenMember {
  name: string;
  content: Uint8Array;
}

export interface ZipOptions {
  method: 0 | 8;
  /** General purpose flags, as in the headers; 1 = encrypted. */
  flags?: number;
  /** Sizes and offsets in the 64-bit extra field. */
  zip64?: boolean;
  /** Without the central directory and what follows it. */
  isCut?: boolean;
}

/** A zip archive (APPNOTE.TXT 6.3.10). */
export function writeZip(
  members: readonly WrittenMember[],
  { method, flags = 0, zip64 = false, isCut = false }: ZipOptions,
): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of members) {
    const data = method === 8 ? deflateRawSync(content) : Buffer.from(content);
    const nameBytes = Buffer.from(name, 'utf8');
    const common = Buffer.alloc(26);
    common.writeUInt16LE(zip64 ? 45 : 20, 0);
    common.writeUInt16LE(flags | 0x800, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(zip64 ? 0xffffffff : data.length, 14);
    common.writeUInt32LE(zip64 ? 0xffffffff : content.length, 18);
    common.writeUInt16LE(nameBytes.length, 22);
    const extra = (numbers: readonly number[]): Buffer => {
      if (!zip64) return Buffer.alloc(0);
      const field = Buffer.alloc(4 + numbers.length * 8);
      field.writeUInt16LE(1, 0);
      field.writeUInt16LE(numbers.length * 8, 2);
      for (const [i, number] of numbers.entries()) field.writeBigUInt64LE(BigInt(number), 4 + i * 8);
      return field;
    };
    const localExtra = extra([content.length, data.length]);
    common.writeUInt16LE(localExtra.length, 24);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, nameBytes, localExtra, data]);
    const centralExtra = extra([content.length, data.length, offset]);
    common.writeUInt16LE(centralExtra.length, 24);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(zip64 ? 0xffffffff : offset, 10);
    const version = Buffer.from([20, 3]);
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), version, common, rest, nameBytes, centralExtra]),
    );
    parts.push(local);
    offset += local.length;
  }
  if (isCut) return Buffer.concat(parts);
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

function tarHeader(name: string, size: number, type: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name.slice(0, 100), 0, 'latin1');
  header.write(size.toString(8).padStart(11, '0'), 124, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function padded(content: Uint8Array): Buffer {
  const whole = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  whole.set(content);
  return whole;
}

/** A tar archive (POSIX.1-2017 ustar, names in pax headers). */
export function writeTar(members: readonly (WrittenMember & { type?: string })[]): Buffer {
  const parts = members.flatMap(({ name, content, type = '0' }) => {
    const text = ` path=${name}\n`;
    let length = Buffer.byteLength(text);
    while (String(length).length + Buffer.byteLength(text) !== length) length++;
    const pax = Buffer.from(`${length}${text}`);
    return [tarHeader('pax', pax.length, 'x'), padded(pax), tarHeader('short', content.length, type), padded(content)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}
