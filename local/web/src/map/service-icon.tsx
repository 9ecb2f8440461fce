import type { JSX } from 'preact';

/** What a service does, as a drawing: own ones, because AWS's icons may not be given away with software. */
type Kind =
  | 'client' | 'lambda' | 'function' | 'topic' | 'queue' | 'table' | 'bucket' | 'api' | 'remote' | 'database' | 'events' | 'secret' | 'machine' | 'stream' | 'service';

const KINDS: [RegExp, Kind][] = [
  [/^client$/, 'client'],
  [/^AWS::Lambda::Function$/, 'function'],
  [/^AWS::Lambda/, 'lambda'],
  [/^AWS::SNS/, 'topic'],
  [/^AWS::SQS/, 'queue'],
  [/^AWS::DynamoDB/, 'table'],
  [/^AWS::S3/, 'bucket'],
  [/^AWS::(ApiGateway|AppSync|ElasticLoadBalancing)/, 'api'],
  [/^AWS::(Events|Scheduler)/, 'events'],
  [/^AWS::(SecretsManager|SSM|KMS|STS)/, 'secret'],
  [/^AWS::(StepFunctions|EC2|ECS|ElasticBeanstalk)/, 'machine'],
  [/^AWS::(Kinesis|Firehose)/, 'stream'],
  [/^Database::/, 'database'],
  [/^remote$/, 'remote'],
];

export function kindOfService(type: string | undefined): Kind {
  if (type === undefined) return 'service';
  return KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? 'service';
}

const DRAWINGS: Record<Kind, JSX.Element> = {
  client: <path d="M12 4.5a3.6 3.6 0 1 0 0 7.2 3.6 3.6 0 0 0 0-7.2ZM5 20c.4-4 3.2-6 7-6s6.600 2 7 6" />,
  lambda: <path d="M6 4.500h4.200L17 19.500h2.500M11 11.500 6.500 19.500" />,
  function: <path d="M15.500 4.500c-2.800-.6-3.700.9-4.100 3.300L9.800 17c-.4 2.200-1.500 3.100-3.800 2.700M7.500 10.500h7" />,
  topic: <path d="M4 10v4h3.500L14 18.500v-13L7.500 10H4ZM17 9.200c1.300 1.500 1.300 4.100 0 5.600M19.400 7c2.400 2.800 2.400 7.200 0 10" />,
  queue: <path d="M3.500 7.500h4v9h-4zM10 7.500h4v9h-4zM16.500 7.500h4v9h-4z" />,
  table: <path d="M5 6.500c0-3 14-3 14 0v11c0 3-14 3-14 0v-11Zm0 0c0 3 14 3 14 0M5 12c0 3 14 3 14 0" />,
  database: <path d="M5 6.500c0-3 14-3 14 0v11c0 3-14 3-14 0v-11Zm0 0c0 3 14 3 14 0M9 13.500h3M9 16.500h5" />,
  bucket: <path d="M4.500 6.500 6.500 19c.1 1.400 10.900 1.400 11 0l2-12.500M4.500 6.500c0-2.700 15-2.700 15 0s-15 2.700-15 0Z" />,
  api: <path d="M8.500 5 3 12l5.500 7M15.500 5 21 12l-5.500 7M13.500 6l-3 12" />,
  remote: <path d="M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17ZM3.500 12h17M12 3.500c-5 4.700-5 12.300 0 17M12 3.500c5 4.700 5 12.300 0 17" />,
  events: <path d="M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Zm0 3.500V12l3.500 2" />,
  secret: <path d="M6 11h12v9H6zM8.500 11V8c0-4.600 7-4.600 7 0v3M12 14.500v2.500" />,
  machine: <path d="M9 3.500h6v5H9zM3.500 15.500h6v5h-6zM14.500 15.500h6v5h-6zM12 8.500V12M6.500 15.500V12h11v3.500" />,
  stream: <path d="M4 7c4-3 6 3 10 0s4-1 6-1M4 12.500c4-3 6 3 10 0s4-1 6-1M4 18c4-3 6 3 10 0s4-1 6-1" />,
  service: <path d="M12 3.500 19.500 8v8L12 20.500 4.500 16V8L12 3.500ZM4.500 8 12 12.300 19.500 8M12 12.300v8.200" />,
};

/** For inside an `svg` of 24 by 24. */
export function ServiceDrawing({ type }: { type: string | undefined }) {
  return <g fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">{DRAWINGS[kindOfService(type)]}</g>;
}

export function ServiceIcon({ type, size = 16 }: { type: string | undefined; size?: number }) {
  return (
    <svg class="service-icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" focusable="false"><ServiceDrawing type={type} /></svg>
  );
}
