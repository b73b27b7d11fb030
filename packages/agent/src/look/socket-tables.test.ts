import { describe, expect, it } from 'vitest';
import { parseSockets } from './socket-tables.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const line = (local: string, peer: string, state: string, inode: number, uid = 1000) =>
  `   0: ${local} ${peer} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000000000000000 20 4 30 10 -1`;

describe('socket tables of the kernel', () => {
  it('reads IPv4 ends, which are words of the machine order', () => {
    const [row] = parseSockets(`${HEAD}\n${line('0100007F:1F90', '0A00A8C0:D431', '01', 4711)}\n`);
    expect(row).toEqual({ localAddress: '127.0.0.1', localPort: 8080, peerAddress: '192.168.0.10', peerPort: 54321, state: 'established', userId: 1000, inode: '4711' });
  });

  it('reads IPv6 ends, shortened, and IPv4 inside of IPv6 as IPv4', () => {
    const rows = parseSockets(
      [
        HEAD,
        line('00000000000000000000000001000000:0050', '00000000000000000000000000000000:0000', '0A', 1),
        line('0000000000000000FFFF00000100007F:0050', '0000000000000000FFFF00000200007F:9000', '01', 2),
        line('B80D0120000000000000000001000000:0050', 'B80D01200000000001000000EFBEADDE:0051', '01', 3),
      ].join('\n'),
    );
    expect(rows.map(({ localAddress }) => localAddress)).toEqual(['::1', '127.0.0.1', '2001:db8::1']);
    expect(rows[0]!.peerAddress).toBe('::');
    expect(rows[1]!.peerAddress).toBe('127.0.0.2');
    expect(rows[2]!.peerAddress).toBe('2001:db8::1:dead:beef');
  });

  it('leaves out sockets that are closing or opening, and lines cut short', () => {
    expect(parseSockets(`${HEAD}\n${line('0100007F:1F90', '0100007F:D431', '06', 1)}\n   1: 0100007F:1F90`)).toEqual([]);
  });
});
