import type { Labels } from '@pitot/core';

/**
 * A fixed number in [0, 1) for a label set, evenly spread: which series limit_ratio takes is the same in every query.
 * (64 bits of two FNV-1a hashes with a final mix; Prometheus uses another hash, so it takes others, equally many.)
 */
function labelFraction(labels: Labels): number {
  let a = 0x811c9dc5;
  let b = 0x9dc5811c;
  for (const text of labels) {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x85ebca6b);
    }
    a = Math.imul(a ^ 0xff, 0x01000193);
    b = Math.imul(b ^ 0xff, 0x85ebca6b);
  }
  return mix(a ^ (b >>> 15)) / 2 ** 32;
}

function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Whether a series is in the sample of this ratio; a negative ratio takes exactly the series that 1 + ratio leaves. */
export function sampleRatio(labels: Labels, ratio: number): boolean {
  const fraction = labelFraction(labels);
  return ratio >= 0 ? fraction < ratio : fraction >= 1 + ratio;
}
