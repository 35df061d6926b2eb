import { SingleBar } from 'cli-progress';
import { formatSize } from './size.js';

/** Told how many bytes of how many are done. */
export type Progress = (doneBytes: number, totalBytes: number) => void;

/** Runs `work` with a progress bar on standard error, or without one. */
export async function withProgress<T>(
  show: boolean,
  title: string,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  if (!show) return work(() => {});
  const bar = new SingleBar({
    format: `${title} {bar} {percentage}% | {done} of {size} | {duration_formatted}`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 30,
  });
  let started = false;
  try {
    return await work((doneBytes, totalBytes) => {
      const payload = { done: formatSize(doneBytes), size: formatSize(totalBytes) };
      if (started) bar.update(doneBytes, payload);
      else bar.start(totalBytes, doneBytes, payload);
      started = true;
    });
  } finally {
    bar.stop();
  }
}
