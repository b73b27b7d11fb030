/** One TCP socket as /proc/net/tcp lists it. */
export interface SocketRow {
  readonly localAddress: string;
  readonly localPort: number;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly state: 'listening' | 'established';
  readonly userId: number;
  readonly inode: string;
}

/** States of net/tcp_states.h that say something of who speaks to whom. */
const ESTABLISHED = '01';
const LISTENING = '0A';

/** Parses /proc/net/tcp or tcp6. Source: proc_net_tcp.txt of the kernel; addresses are words of the machine's byte order (little). */
export function parseSockets(text: string): SocketRow[] {
  const rows: SocketRow[] = [];
  const lines = text.split('\n');
  for (let i = 1; i < lines.length; i++) {
    const fields = lines[i]!.trim().split(/\s+/);
    const state = fields[3] === ESTABLISHED ? 'established' : fields[3] === LISTENING ? 'listening' : undefined;
    if (state === undefined || fields.length < 10) continue;
    const [localAddress, localPort] = parseEnd(fields[1]!);
    const [peerAddress, peerPort] = parseEnd(fields[2]!);
    rows.push({ localAddress, localPort, peerAddress, peerPort, state, userId: Number(fields[7]), inode: fields[9]! });
  }
  return rows;
}

function parseEnd(text: string): [address: string, port: number] {
  const colon = text.indexOf(':');
  return [parseAddress(text.slice(0, colon)), Number.parseInt(text.slice(colon + 1), 16)];
}

const MAPPED_IPV4 = '0000000000000000FFFF0000';

function parseAddress(hex: string): string {
  if (hex.length === 8) return ipv4(hex);
  // An IPv4 peer of a socket that takes both.
  if (hex.startsWith(MAPPED_IPV4)) return ipv4(hex.slice(24));
  const groups: string[] = [];
  for (let word = 0; word < 4; word++) {
    const bytes = bytesOf(hex.slice(word * 8, word * 8 + 8));
    groups.push((bytes[0]! * 256 + bytes[1]!).toString(16), (bytes[2]! * 256 + bytes[3]!).toString(16));
  }
  return compress(groups);
}

const ipv4 = (hex: string): string => bytesOf(hex).join('.');

/** The bytes of one word, which is written as a number of the machine's order. */
function bytesOf(word: string): number[] {
  return [6, 4, 2, 0].map((at) => Number.parseInt(word.slice(at, at + 2), 16));
}

/** The longest run of zero groups as `::`. Source: RFC 5952, section 4.2. */
function compress(groups: readonly string[]): string {
  const text = groups.join(':');
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length);
  const run = runs[0];
  if (run === undefined) return text;
  const before = text.slice(0, run.index);
  const after = text.slice(run.index + run[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}
