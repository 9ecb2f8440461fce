import { startXray } from '../../../src/xray';

/** An X-Ray in a process of its own, to be killed. Arguments: folder of the journal. Prints its ports as one line of JSON. */
startXray({ udpPort: 0, httpPort: 0, journalDir: process.argv[2], log: (line) => process.stderr.write(`${line}\n`) }).then(
  ({ udpPort, url }) => process.stdout.write(`${JSON.stringify({ udpPort, url })}\n`),
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  },
);
