import type uPlot from 'uplot';
import { sayUtc } from '../time/phrase.ts';
import { localText } from '../time/range.ts';

export interface HoverLine {
  readonly name: string;
  readonly colour: string;
  readonly value: (index: number) => number | null;
  readonly text: (value: number) => string;
}

const MOST_LINES = 12;

/** The box beside the cursor: time, then the values there, largest first. Written straight to the DOM, sixty times a second. */
export function tooltipPlugin(lines: () => readonly HoverLine[], focusSide: () => number | null): uPlot.Plugin {
  const box = document.createElement('div');
  box.className = 'chart-tip';
  box.hidden = true;
  return {
    hooks: {
      init: (u) => void u.over.append(box),
      destroy: () => box.remove(),
      setCursor(u) {
        const { idx, left = -1, top = 0 } = u.cursor;
        const seconds = idx === null || idx === undefined ? undefined : u.data[0][idx];
        if (idx === null || idx === undefined || seconds === undefined || left < 0 || !u.over.matches(':hover')) {
          box.hidden = true;
          return;
        }
        fill(box, seconds, idx, lines(), focusSide());
        box.hidden = box.childElementCount < 2;
        place(box, u.over, left, top);
      },
    },
  };
}

function fill(box: HTMLElement, seconds: number, index: number, lines: readonly HoverLine[], focus: number | null): void {
  const values = lines
    .map((line, i) => ({ line, i, value: line.value(index) }))
    .filter((entry): entry is typeof entry & { value: number } => entry.value !== null)
    .sort((a, b) => b.value - a.value);
  const head = document.createElement('div');
  head.className = 'chart-tip-time';
  head.textContent = localText(seconds * 1000);
  head.title = sayUtc(seconds * 1000);
  box.replaceChildren(head);
  for (const { line, i, value } of values.slice(0, MOST_LINES)) {
    const row = document.createElement('div');
    row.className = focus === i ? 'chart-tip-row strong' : 'chart-tip-row';
    const dot = document.createElement('i');
    dot.style.background = line.colour;
    const name = document.createElement('span');
    name.textContent = line.name;
    const figure = document.createElement('b');
    figure.textContent = line.text(value);
    row.append(dot, name, figure);
    box.append(row);
  }
}

function place(box: HTMLElement, over: HTMLElement, left: number, top: number): void {
  const gap = 14;
  const width = box.offsetWidth;
  const height = box.offsetHeight;
  const toLeft = left + gap + width > over.clientWidth && left - gap - width > -40;
  box.style.left = `${toLeft ? left - gap - width : left + gap}px`;
  box.style.top = `${Math.max(-8, Math.min(top + gap, over.clientHeight - height + 24))}px`;
}
