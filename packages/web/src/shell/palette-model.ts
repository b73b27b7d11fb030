export interface PaletteEntry {
  readonly id: string;
  readonly group: string;
  readonly label: string;
  readonly description?: string;
  readonly keywords: string;
}

const MOST_PER_GROUP = 7;
/** Without a question, only what does not depend on data is worth listing. */
const SHOWN_AT_REST = new Set(['Pages', 'Hosts', 'Actions']);

/**
 * Entries that have every word in their label or keywords, best first: label starts with the text, a word of the label
 * starts with it, the label contains it, only keywords do. At most seven of a group; a group stands where its best entry does.
 */
export function rankEntries<T extends PaletteEntry>(entries: readonly T[], text: string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return capped(entries.filter((entry) => SHOWN_AT_REST.has(entry.group)));
  const ranked = entries
    .map((entry) => ({ entry, rank: rankOf(entry, words) }))
    .filter(({ rank }) => rank < Infinity)
    .sort((a, b) => a.rank - b.rank || a.entry.label.length - b.entry.label.length);
  return capped(ranked.map(({ entry }) => entry));
}

function rankOf(entry: PaletteEntry, words: readonly string[]): number {
  const label = entry.label.toLowerCase();
  const all = `${label} ${entry.keywords.toLowerCase()}`;
  if (!words.every((word) => all.includes(word))) return Infinity;
  const first = words[0]!;
  if (label.startsWith(first)) return 0;
  if (label.split(/[\s_:/.-]+/).some((part) => part.startsWith(first))) return 1;
  return words.every((word) => label.includes(word)) ? 2 : 3;
}

function capped<T extends PaletteEntry>(entries: readonly T[]): T[] {
  const groups = new Map<string, T[]>();
  for (const entry of entries) {
    const group = groups.get(entry.group) ?? [];
    if (group.length < MOST_PER_GROUP) group.push(entry);
    groups.set(entry.group, group);
  }
  return [...groups.values()].flat();
}
