/** One entry of Vite's manifest, as far as it is needed here. */
export interface ManifestChunk {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
}

export type Manifest = Readonly<Record<string, ManifestChunk>>;

/** JavaScript files a browser needs before any lazy page: the entry and everything it imports statically. */
export function firstLoadFiles(manifest: Manifest): string[] {
  const seen = new Set<string>();
  const visit = (key: string): void => {
    const chunk = manifest[key];
    if (chunk === undefined || seen.has(key)) return;
    seen.add(key);
    for (const next of chunk.imports ?? []) visit(next);
  };
  for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry === true) visit(key);
  if (seen.size === 0) throw new Error('the manifest names no entry');
  return [...seen].map((key) => manifest[key]!.file).filter((file) => file.endsWith('.js'));
}
