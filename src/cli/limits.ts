/** From which probability and presence things count, as commander spells it and as the library takes it. */
import type { SegmentOptions } from '../parse/segment.ts';

export interface LimitsCommand {
  readonly threshold?: number;
  readonly presenceThreshold?: number;
  readonly falseAlarms?: number;
}

/** The options that were given. */
export function limitOptions({
  threshold,
  presenceThreshold,
  falseAlarms,
}: LimitsCommand): Pick<SegmentOptions, 'threshold' | 'presenceThreshold' | 'falseAlarmRate'> {
  return {
    ...(threshold === undefined ? {} : { threshold }),
    ...(presenceThreshold === undefined ? {} : { presenceThreshold }),
    ...(falseAlarms === undefined ? {} : { falseAlarmRate: falseAlarms }),
  };
}
