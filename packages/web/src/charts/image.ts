import { saveFile } from './export.ts';

/** Saves the plot inside an element as a PNG on the page's background. */
export async function saveChartImage(box: HTMLElement | null, name: string): Promise<void> {
  const plot = box?.querySelector('canvas');
  if (!box || !plot) return;
  const image = document.createElement('canvas');
  image.width = plot.width;
  image.height = plot.height;
  const context = image.getContext('2d');
  if (!context) return;
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--surface');
  context.fillRect(0, 0, image.width, image.height);
  context.drawImage(plot, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => image.toBlob(resolve, 'image/png'));
  if (blob) saveFile(name, blob);
}
