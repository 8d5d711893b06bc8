/**
 * Times of cases measured in turns: one run of each, then the next round, so that a busy neighbour hits all alike.
 * Wall time (median) says what a user gets; least CPU time is what stays when others use the machine too. Seconds.
 */

export interface Lap {
  readonly wall: number;
  readonly cpu: number;
}

export interface Timing {
  /** Median over the rounds. */
  readonly wall: number;
  /** Least over the rounds. */
  readonly cpu: number;
}

export type Run = () => Promise<Lap>;

/** A run of this process: wall clock, and user + system time of all its threads. */
export function timed(body: () => Promise<unknown>): Run {
  return async () => {
    const [start, before] = [performance.now(), process.cpuUsage()];
    await body();
    const used = process.cpuUsage(before);
    return { wall: (performance.now() - start) / 1000, cpu: (used.user + used.system) / 1e6 };
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Runs all cases in turns, after `warmUp` rounds that do not count. */
export async function measureInTurns(runs: readonly Run[], rounds: number, warmUp = 2): Promise<Timing[]> {
  const laps = runs.map((): Lap[] => []);
  for (let round = -warmUp; round < rounds; round++) {
    for (const [i, run] of runs.entries()) {
      const lap = await run();
      if (round >= 0) laps[i].push(lap);
    }
  }
  return laps.map((list) => ({
    wall: median(list.map((lap) => lap.wall)),
    cpu: Math.min(...list.map((lap) => lap.cpu)),
  }));
}

/** Reads a whole number of at least `least` from an option. */
export function readCount(option: string, text: string, least = 1): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) {
    console.error(`--${option} is ${text}; allowed: a whole number from ${least}`);
    process.exit(2);
  }
  return value;
}
