import { applyTheme, storedTheme } from './theme';

// A script of its own that runs before the first paint, so that a chosen theme does not flash up in the other one.
applyTheme(storedTheme());
