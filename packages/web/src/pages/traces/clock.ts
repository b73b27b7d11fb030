const SECONDS = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const MILLISECONDS = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23' });

/** "14:02:11" in the viewer's zone. */
export const clockTime = (ms: number): string => SECONDS.format(ms);

/** "14:02:11.250" in the viewer's zone. */
export const preciseTime = (ms: number): string => MILLISECONDS.format(ms);
