/**
 * Eight hues that stay apart under deuteranopia, protanopia and tritanopia, by differing in lightness as well as hue; one list per
 * scheme, each at least 3:1 against its background.
 */
export const PALETTE = {
  light: ['#2f6fd0', '#c25e00', '#0b8a6f', '#b83d8a', '#7a6a00', '#6b4fc9', '#0a8fb0', '#704c3b'],
  dark: ['#6ea8ff', '#f59b3a', '#2fc4a0', '#f08cc3', '#d9c84a', '#ac9bf7', '#5fd3ea', '#bd9580'],
} as const;

export const OTHERS_COLOUR = { light: '#7c8594', dark: '#8a93a3' } as const;

export const COLOUR_COUNT = 8;
/** When there are more series than colours, this many are shown by name and the rest together. */
export const NAMED_COUNT = 7;

/** FNV-1a: the same name has the same preferred colour on every page and every day. */
export function colourSlot(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) % COLOUR_COUNT;
}

/**
 * One palette slot per name, at most eight names. A name keeps its own slot unless another name of the same chart, earlier in
 * alphabetical order, has it already; then it takes the next free one.
 */
export function assignColours(names: readonly string[]): Map<string, number> {
  const slots = new Map<string, number>();
  const taken = new Set<number>();
  for (const name of [...names].sort().slice(0, COLOUR_COUNT)) {
    let slot = colourSlot(name);
    while (taken.has(slot)) slot = (slot + 1) % COLOUR_COUNT;
    taken.add(slot);
    slots.set(name, slot);
  }
  return slots;
}
