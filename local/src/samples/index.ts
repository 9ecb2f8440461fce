import type { Sample } from './sample';
import { XraystarterSample } from './xraystarter';

/** The samples that have traffic, by the name of their stack. */
export const samples: Readonly<Record<string, Sample>> = { xraystarter: new XraystarterSample() };

/** The stack that `npm start` runs when none is named. */
export const DEFAULT_STACK = 'xraystarter';
