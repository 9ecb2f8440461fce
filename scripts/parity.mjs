// `npm run parity`: runs the sample with the X-Ray SDK and with OpenTelemetry, and compares what X-Ray shows.
import { run, runProgram } from './setup.mjs';

await run(() => runProgram('parity'));
