import { expect, it } from 'vitest';
import { hash, hashWords } from './fingerprint.ts';

function hex(bytes: Uint8Array, start = 0, end = bytes.length): string {
  hash(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), start, end);
  return [...hashWords].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

/** Of the reference implementation in C, for the first n bytes of (37 i + 200) mod 256. */
const REFERENCE = [
  '0000000000000000',
  '99ab4ee298913e2a',
  'edbcc230aeef23d3',
  '32fb8b2d7bc61394',
  '994fe5b743ccdcab',
  'e7eb05b1976caeee',
  'f1e787eb423e393a',
  'e1d680a4c75d57d0',
  '8458852194ea50a9',
  '3946d40bfafae7db',
  '4e616dd923177cab',
  '33d43e967ec15984',
  'ef78a57445931e45',
  '8ae3109edb60d253',
  '910aa2b5cfc4cb17',
  '3763a6ebf2fdbfaa',
  '01309464cb1faf7e',
  '86c9092ddbb0dd75',
  '19e925bfbb4210c0',
  '31d8e9aa22858334',
  '593b5f9b9bea2603',
  'b4dfc317a871f173',
  '44620d0586ff9efc',
  '4820c79926d4760f',
  '8f454245bdc1c471',
  '9baea5866f368ba4',
  '2bbb52f98ffa506d',
  '4e507cda59921144',
  'e960a039a0d5962e',
  'ca3060092338dd24',
  'c2dc13b0828d4c0c',
  '22156843c813c009',
  '3789152fcb124e06',
  'e955fab9b5d0b040',
];

it('is MurmurHash3_x86_128 with seed 0, first two words, for every length of the tail', () => {
  const bytes = Uint8Array.from({ length: REFERENCE.length }, (_, i) => i * 37 + 200);
  expect(REFERENCE.map((_, size) => hex(bytes, 0, size))).toEqual(REFERENCE);
});

it('gives the published value of the pangram', () => {
  expect(hex(Buffer.from('The quick brown fox jumps over the lazy dog'))).toBe('2f1583c3ecee2c67');
});

it('does not depend on where in a buffer the bytes are', () => {
  const bytes = Buffer.from('...The quick brown fox jumps over the lazy dog...');
  expect(hex(bytes, 3, bytes.length - 3)).toBe('2f1583c3ecee2c67');
});

it('spreads similar inputs: no collision and balanced bits in 200,000 numbered names', () => {
  const seen = new Set<string>();
  const ones = new Int32Array(64);
  const count = 200_000;
  for (let i = 0; i < count; i++) {
    const value = hex(Buffer.from(`pod-${i}`));
    seen.add(value);
    const bits = BigInt(`0x${value}`);
    for (let bit = 0; bit < 64; bit++) ones[bit]! += Number((bits >> BigInt(bit)) & 1n);
  }
  expect(seen.size).toBe(count);
  // Six standard deviations of a fair coin.
  for (const bit of ones) expect(Math.abs(bit - count / 2)).toBeLessThan(3 * Math.sqrt(count));
});
