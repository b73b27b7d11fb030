/** SVG paths of a sparkline in a box; the y axis starts at zero unless there are negative values. A null breaks the line. */
export function sparkPath(values: readonly (number | null)[], width: number, height: number): { line: string; area: string } {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return { line: '', area: '' };
  const low = Math.min(0, ...known);
  const high = Math.max(...known);
  const span = high - low || 1;
  const pad = 1;
  const x = (i: number): number => round(values.length === 1 ? width : (i / (values.length - 1)) * width);
  const y = (value: number): number => round(height - pad - ((value - low) / span) * (height - 2 * pad));
  let line = '';
  let area = '';
  let runStart = -1;
  for (let i = 0; i <= values.length; i++) {
    const value = values[i] ?? null;
    if (value !== null) {
      const point = `${x(i)},${y(value)}`;
      if (runStart < 0) {
        line += `M${point}`;
        area += `M${x(i)},${height}L${point}`;
        runStart = i;
      } else {
        line += `L${point}`;
        area += `L${point}`;
      }
    } else if (runStart >= 0) {
      area += `L${x(i - 1)},${height}Z`;
      if (runStart === i - 1) line += 'h0.01';
      runStart = -1;
    }
  }
  return { line, area };
}

const round = (value: number): number => Math.round(value * 100) / 100;
