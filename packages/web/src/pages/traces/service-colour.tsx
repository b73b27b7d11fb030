import { useComputedColorScheme } from '@mantine/core';
import { colourSlot, PALETTE } from '../../charts/colours.ts';

/** What a hue is mixed with, so that more services than there are hues can be told apart: nothing, some of the text's colour, some of the surface's. */
const TINTS = {
  light: [undefined, { ink: 0x000000, share: 0.35 }, { ink: 0xffffff, share: 0.25 }],
  dark: [undefined, { ink: 0xffffff, share: 0.45 }, { ink: 0x15181e, share: 0.35 }],
} as const;

/** A service's colour: its hue is the one that charts give its name, the same on every page. */
export function serviceColour(service: string, scheme: 'light' | 'dark'): string {
  const hue = PALETTE[scheme][colourSlot(service)]!;
  const tint = TINTS[scheme][tintOf(service)];
  return tint === undefined ? hue : mixed(hue, tint.ink, tint.share);
}

/** Independent of the hue: another hash of the name. */
function tintOf(name: string): number {
  let hash = 7;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) >>> 0;
  return (hash >>> 3) % TINTS.light.length;
}

function mixed(hex: string, ink: number, share: number): string {
  const colour = Number.parseInt(hex.slice(1), 16);
  const channel = (shift: number): number => Math.round(((colour >> shift) & 255) * (1 - share) + ((ink >> shift) & 255) * share);
  return `rgb(${channel(16)} ${channel(8)} ${channel(0)})`;
}

export function ServiceDot({ service }: { readonly service: string }) {
  const scheme = useComputedColorScheme('dark');
  return <i className="service-dot" style={{ background: serviceColour(service, scheme) }} aria-hidden />;
}
