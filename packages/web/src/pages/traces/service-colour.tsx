import { useComputedColorScheme } from '@mantine/core';
import { colourSlot, PALETTE } from '../../charts/colours.ts';

/** A service's colour, the same on every page. */
export const serviceColour = (service: string, scheme: 'light' | 'dark'): string => PALETTE[scheme][colourSlot(service)]!;

export function ServiceDot({ service }: { readonly service: string }) {
  const scheme = useComputedColorScheme('dark');
  return <i className="service-dot" style={{ background: serviceColour(service, scheme) }} aria-hidden />;
}
