import { IconAlertOctagon, IconAlertTriangle, IconCircleCheck, IconInfoCircle, IconPlugConnectedX } from '@tabler/icons-react';
import type { ReactNode } from 'react';

/** Severity is always colour, icon and word together. */
export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'none';

const ICONS = {
  ok: IconCircleCheck,
  warn: IconAlertTriangle,
  bad: IconAlertOctagon,
  info: IconInfoCircle,
  none: IconPlugConnectedX,
};

export function ToneIcon({ tone, size = 16 }: { readonly tone: Tone; readonly size?: number }) {
  const Icon = ICONS[tone];
  return <Icon size={size} stroke={1.75} aria-hidden />;
}

export function Badge({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className="badge" data-tone={tone}>
      <ToneIcon tone={tone} size={14} />
      {children}
    </span>
  );
}
