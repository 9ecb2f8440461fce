// Carries the trace in payloads, for services that have no place of their own for it. It is in a package only when the function's instrumentation names such a service.
import { guard } from '../capture/guard.mjs';
import { SPAN } from './aws-clients.mjs';

/** Name of the header in a payload, as SQS has it among the attributes of a message. */
const FIELD = 'AWSTraceHeader';
const HOOK = Symbol.for('cdk-traced-function.captureClient');
const MIDDLEWARE = 'cdkTracedFunctionPayload';

/** Characters of a payload that gets no header: a service refuses what is too large, and that must not be because of this. */
const LARGEST = 200_000;

/** What a call's parameters become, by service and command. A call that a service would take for another one, because it compares parameters, stays as it is. */
const WRITERS = {
  EventBridge: {
    PutEvents(input, header) {
      const { Entries } = input;
      if (Entries.reduce((sum, { Detail }) => sum + (Detail?.length ?? 0), 0) > LARGEST) return input;
      return { ...input, Entries: Entries.map(entry => ({ ...entry, Detail: json(entry.Detail, header) })) };
    },
  },
  Kinesis: {
    PutRecord: (input, header) => ({ ...input, Data: bytes(input.Data, header) }),
    PutRecords: (input, header) => ({ ...input, Records: input.Records.map(record => ({ ...record, Data: bytes(record.Data, header) })) }),
  },
  DynamoDB: {
    PutItem: (input, header) => ({ ...input, Item: item(input.Item, header) }),
    BatchWriteItem(input, header) {
      const write = request => request.PutRequest ? { ...request, PutRequest: { ...request.PutRequest, Item: item(request.PutRequest.Item, header) } } : request;
      return { ...input, RequestItems: Object.fromEntries(Object.entries(input.RequestItems).map(([table, requests]) => [table, requests.map(write)])) };
    },
    TransactWriteItems: (input, header) => input.ClientRequestToken ? input : {
      ...input, TransactItems: input.TransactItems.map(part => part.Put ? { ...part, Put: { ...part.Put, Item: item(part.Put.Item, header) } } : part),
    },
  },
  SFN: {
    StartExecution: (input, header) => input.name ? input : { ...input, input: json(input.input ?? '{}', header) },
    StartSyncExecution: (input, header) => ({ ...input, input: json(input.input ?? '{}', header) }),
  },
  Scheduler: {
    CreateSchedule: schedule,
    UpdateSchedule: schedule,
  },
};

/** By the names of the construct's `PayloadContext`. */
const SERVICES = { eventbridge: 'EventBridge', kinesis: 'Kinesis', dynamodb: 'DynamoDB', 'step-functions': 'SFN', scheduler: 'Scheduler' };

/** Finds the header in what a function is given, by the same names. */
const READERS = {
  'eventbridge': event => event?.detail?.[FIELD],
  'kinesis': record => record?.eventSource === 'aws:kinesis' ? parsed(Buffer.from(record.kinesis?.data ?? record.data ?? '', 'base64').toString())?.[FIELD] : undefined,
  'dynamodb': record => record?.dynamodb?.NewImage?.[FIELD]?.S,
  'step-functions': event => event?.[FIELD],
  'scheduler': event => event?.[FIELD],
};

/**
 * @param {string[]} kinds of payloads
 * @returns what finds the header in an event or a record
 */
export function payloadReader(kinds) {
  const readers = kinds.map(kind => READERS[kind]);
  return event => {
    for (const read of readers) {
      const found = guard(() => read(event));
      if (typeof found === 'string') return found;
    }
    return undefined;
  };
}

/** Adds the header to the parameters of recorded calls. The clients' calls have to be captured already: each base class is changed before it is. */
export function writePayloads(kinds) {
  const services = new Set(kinds.map(kind => SERVICES[kind]));
  const captureClient = globalThis[HOOK];
  const changed = new WeakSet();
  globalThis[HOOK] = Client => {
    const { send } = Client.prototype;
    if (!changed.has(Client)) {
      Client.prototype.send = function (command, ...rest) {
        const span = rest[0]?.[SPAN];
        const remove = span && guard(() => inject(this.middlewareStack, span));
        try {
          return send.call(this, command, ...rest);
        } finally {
          if (remove) guard(remove);
        }
      };
    }
    changed.add(Client);
    captureClient(Client);
  };

  /** The AWS SDK puts its middleware together before it waits for anything, so that it can be removed when `send` returns. */
  function inject(middlewareStack, span) {
    middlewareStack.add((next, { clientName = '', commandName = '' }) => args => {
      const service = clientName.replace(/Client$/, '');
      const write = services.has(service) && WRITERS[service][commandName.replace(/Command$/, '')];
      const input = write && guard(() => write(args.input, span.invocation.header(span.id)));
      return next(input ? { ...args, input } : args);
    }, { step: 'initialize', name: MIDDLEWARE, override: true });
    return () => middlewareStack.remove(MIDDLEWARE);
  }
}

function schedule(input, header) {
  const { Target, ClientToken } = input;
  return ClientToken || Target?.Input === undefined ? input : { ...input, Target: { ...Target, Input: json(Target.Input, header) } };
}

/** Anything but an object stays as it is, and so does one that carries a header. */
function json(text, header) {
  if (typeof text !== 'string' || text.length > LARGEST || !/^\s*\{/.test(text)) return text;
  const value = parsed(text);
  if (typeof value !== 'object' || FIELD in value) return text;
  const field = `${JSON.stringify(FIELD)}:${JSON.stringify(header)}`;
  // Numbers of any length, and the order of members, are kept: the text is not written anew.
  return text.replace(/\}\s*$/, Object.keys(value).length > 0 ? `,${field}}` : `${field}}`);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bytes(data, header) {
  if (!(data instanceof Uint8Array)) return data;
  const text = Buffer.from(data).toString();
  const carrying = json(text, header);
  return carrying === text ? data : Buffer.from(carrying);
}

const TYPED = /^(?:S|N|B|SS|NS|BS|M|L|NULL|BOOL)$/;

/** Of the low-level client, or of the document client, which takes plain values. */
function item(values, header) {
  if (FIELD in values) return values;
  const isTyped = Object.values(values).every(value => typeof value === 'object' && value !== null && Object.keys(value).length === 1 && TYPED.test(Object.keys(value)[0]));
  return { ...values, [FIELD]: isTyped ? { S: header } : header };
}
