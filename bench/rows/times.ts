const minuteMs = 60_000;
export const dayMinutes = 24 * 60;

/** By day of the epoch, as it is written. Writing it anew takes longer than the rest of a row. */
const days = new Map<number, string>();

/** A timestamp so many minutes after `today`; before it when negative. */
export function minutesAfter(today: Date, minutes: number): string {
  const at = Math.floor(today.getTime() / minuteMs) + minutes;
  const day = Math.floor(at / dayMinutes);
  const minute = at - day * dayMinutes;
  let written = days.get(day);
  if (written === undefined) {
    written = new Date(day * dayMinutes * minuteMs).toISOString().slice(0, 10);
    days.set(day, written);
  }
  const hour = Math.floor(minute / 60);
  return `${written} ${hour < 10 ? "0" : ""}${hour}:${minute % 60 < 10 ? "0" : ""}${minute % 60}Z`;
}
