import { createRequire } from 'module';
import { AddressInfo, createServer, Server, Socket } from 'net';
import * as path from 'path';

const { BSON } = createRequire(path.join(__dirname, 'package.json'))('mongodb');

/** https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/ */
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER_BYTES = 16;

const HELLO = {
  ok: 1, ismaster: true, isWritablePrimary: true, helloOk: true, minWireVersion: 0, maxWireVersion: 21,
  maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000,
};

/** Speaks the least of MongoDB's protocol that its driver needs; refuses what holds `wrong`, in a message that quotes it. */
export class MongodbServer {
  public static async start(): Promise<MongodbServer> {
    const sockets = new Set<Socket>();
    const server = createServer(socket => {
      sockets.add(socket);
      let received = Buffer.alloc(0);
      socket.on('error', () => { /* a client that goes away */ });
      socket.on('close', () => sockets.delete(socket));
      socket.on('data', data => {
        received = Buffer.concat([received, data]);
        while (received.length >= HEADER_BYTES && received.length >= received.readInt32LE(0)) {
          const message = received.subarray(0, received.readInt32LE(0));
          received = received.subarray(message.length);
          socket.write(answer(message));
        }
      });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return new MongodbServer(server, sockets, (server.address() as AddressInfo).port);
  }

  private constructor(private readonly server: Server, private readonly sockets: Set<Socket>, public readonly port: number) {}

  public async stop(): Promise<void> {
    this.sockets.forEach(socket => socket.destroy());
    await new Promise(resolve => this.server.close(resolve));
  }
}

function answer(message: Buffer): Buffer {
  const request = message.readInt32LE(4);
  if (message.readInt32LE(12) === OP_QUERY) { // the first message of a connection
    const head = Buffer.alloc(20);
    head.writeInt32LE(1, 16);
    return framed(request, OP_REPLY, Buffer.concat([head, BSON.serialize(HELLO)]));
  }
  const body = message.subarray(HEADER_BYTES + 5); // flags, and the kind of the first section
  const command = BSON.deserialize(body.subarray(0, body.readInt32LE(0)));
  return framed(request, OP_MSG, Buffer.concat([Buffer.alloc(5), BSON.serialize(reply(command, message))]));
}

function reply(command: Record<string, unknown>, message: Buffer): unknown {
  const [name] = Object.keys(command);
  if (/^(?:hello|ismaster)$/i.test(name)) {
    return HELLO;
  }
  const wrong = /wrong[\w-]*/.exec(message.toString('latin1'));
  if (wrong) {
    return { ok: 0, errmsg: `E11000 duplicate key error collection: shop.items index: _id_ dup key: { _id: "${wrong[0]}" }`, code: 11_000, codeName: 'DuplicateKey' };
  }
  const namespace = `${String(command.$db)}.${String(command[name])}`;
  switch (name) {
    case 'find':
    case 'aggregate':
      return { ok: 1, cursor: { id: BSON.Long.ZERO, ns: namespace, firstBatch: [{ _id: 1, n: 7 }] } };
    case 'insert':
    case 'update':
    case 'delete':
      return { ok: 1, n: 1, nModified: 1 };
    default:
      return { ok: 1 };
  }
}

function framed(request: number, code: number, body: Buffer): Buffer {
  const head = Buffer.alloc(HEADER_BYTES);
  [HEADER_BYTES + body.length, 0, request, code].forEach((value, i) => head.writeInt32LE(value, 4 * i));
  return Buffer.concat([head, body]);
}
