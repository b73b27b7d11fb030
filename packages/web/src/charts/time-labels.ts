const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const two = (value: number): string => String(value).padStart(2, '0');

/** Labels of a time axis in the viewer's zone: clock times, with the date where a day begins; seconds only where needed. */
export function timeLabels(splits: readonly number[], stepSeconds: number): string[] {
  return splits.map((seconds) => {
    const date = new Date(seconds * 1000);
    const day = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
    if (stepSeconds >= 86_400) return day;
    const clock = `${two(date.getHours())}:${two(date.getMinutes())}`;
    if (stepSeconds < 60) return `${clock}:${two(date.getSeconds())}`;
    return clock === '00:00' ? day : clock;
  });
}
