import { AddressInfo, createServer, Server, Socket } from 'net';

/** Speaks the least of Redis's protocol that its clients need: values are kept in memory, and what is unknown is refused in a message that quotes it. */
export class RedisServer {
  public static async start(): Promise<RedisServer> {
    const sockets = new Set<Socket>();
    const server = createServer(socket => {
      sockets.add(socket);
      const values = new Map<string, string>();
      let queued: string[][] | undefined;
      let received = '';
      socket.on('error', () => { /* a client that goes away */ });
      socket.on('close', () => sockets.delete(socket));
      socket.setEncoding('latin1').on('data', text => {
        received += text;
        for (let found = command(received); found; found = command(received)) {
          received = received.slice(found.length);
          const [name] = found.words;
          if (/^multi$/i.test(name)) {
            queued = [];
            socket.write('+OK\r\n');
          } else if (/^exec$/i.test(name)) {
            const all = queued ?? [];
            queued = undefined;
            socket.write(`*${all.length}\r\n${all.map(words => answer(words, values)).join('')}`);
          } else if (queued) {
            queued.push(found.words);
            socket.write('+QUEUED\r\n');
          } else {
            socket.write(answer(found.words, values));
          }
        }
      });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return new RedisServer(server, sockets, (server.address() as AddressInfo).port);
  }

  private constructor(private readonly server: Server, private readonly sockets: Set<Socket>, public readonly port: number) {}

  public async stop(): Promise<void> {
    this.sockets.forEach(socket => socket.destroy());
    await new Promise(resolve => this.server.close(resolve));
  }
}

/** The first command of what has come, as an array of strings with their lengths; undefined while some of it is missing. */
function command(text: string): { words: string[]; length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (!head) {
    return undefined;
  }
  let at = head[0].length;
  const words: string[] = [];
  for (let i = 0; i < Number(head[1]); i++) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at));
    if (!size || text.length < at + size[0].length + Number(size[1]) + 2) {
      return undefined;
    }
    at += size[0].length;
    words.push(text.slice(at, at + Number(size[1])));
    at += Number(size[1]) + 2;
  }
  return { words, length: at };
}

function answer([name, key, value]: string[], values: Map<string, string>): string {
  switch (name.toLowerCase()) {
    case 'info':
      return bulk('redis_version:7.0.0\r\nloading:0\r\n');
    case 'get':
      return bulk(values.get(key));
    case 'set':
      values.set(key, value);
      return '+OK\r\n';
    case 'incr':
      return /^\d*$/.test(values.get(key) ?? '') ? ':1\r\n' : '-ERR value is not an integer or out of range\r\n';
    case 'auth': case 'select': case 'client': case 'quit': case 'ping':
      return '+OK\r\n';
    default:
      return `-ERR unknown command '${name}', with args beginning with: '${key ?? ''}' '${value ?? ''}'\r\n`;
  }
}

function bulk(text: string | undefined): string {
  return text === undefined ? '$-1\r\n' : `$${text.length}\r\n${text}\r\n`;
}
