/** HTTP-date (RFC 9110 5.6.7). */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = MONTHS.join('|');
const DAY = 'Mon|Tue|Wed|Thu|Fri|Sat|Sun';
const LONG_DAY = 'Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday';
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';

const IMF_FIXDATE = new RegExp(`^(?:${DAY}), (?<day>\\d\\d) (?<month>${MONTH}) (?<year>\\d{4}) ${TIME} GMT$`);
const RFC850_DATE = new RegExp(
  `^(?:${LONG_DAY}), (?<day>\\d\\d)-(?<month>${MONTH})-(?<year>\\d\\d) ${TIME} GMT$`,
);
const ASCTIME_DATE = new RegExp(
  `^(?:${DAY}) (?<month>${MONTH}) (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`,
);

/** ms since the Unix epoch, or undefined for what is no HTTP-date. All three forms must be understood. */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  const match = IMF_FIXDATE.exec(text) ?? RFC850_DATE.exec(text) ?? ASCTIME_DATE.exec(text);
  if (match === null) return undefined;
  const { day, month, year, hour, minute, second } = match.groups as Record<string, string>;
  const fullYear = year!.length === 2 ? expandYear(Number(year), nowMs) : Number(year);
  const date = new Date(0);
  date.setUTCFullYear(fullYear, MONTHS.indexOf(month!), Number(day));
  const exists = date.getUTCDate() === Number(day);
  const [h, m, s] = [Number(hour), Number(minute), Number(second)];
  // 60 is a leap second (5.6.7); the clock here has none, so it falls on the next minute.
  if (!exists || h > 23 || m > 59 || s > 60) return undefined;
  return date.getTime() + ((h * 60 + m) * 60 + s) * 1000;
}

/** Two digits that seem to lie more than 50 years ahead mean the most recent year that ends so. */
function expandYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}

/** IMF-fixdate, whole seconds. */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}
