import { breachesOfEdges } from './breaches-of-edges';
import { Rule } from './rule';

export const traceLostAtStream: Rule = {
  id: 'TF031',
  name: 'trace-lost-at-stream',
  title: 'Behind a stream or a broker the trace is lost',
  severity: 'note',
  explanation: 'Records of Kinesis, of streams of DynamoDB and DocumentDB, of Kafka and MQ carry no trace header: each batch that a function gets is a trace of its own, without a link to who wrote the records.',
  fix: { cdk: '// write the trace header into the record, and link to it in the consumer (OpenTelemetry: a span link)', cloudformation: '# write the trace header into the record, and link to it in the consumer' },
  link: 'https://docs.aws.amazon.com/xray/latest/devguide/xray-services.html',
  check: examined => breachesOfEdges(examined, ['stream'], (from, to) => `records of '${from}' carry no trace header: each batch in '${to}' is a trace of its own, without a link`),
};
