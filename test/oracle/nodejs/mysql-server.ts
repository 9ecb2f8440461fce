import { createRequire } from 'module';
import { AddressInfo } from 'net';
import * as path from 'path';

/** Speaks MySQL's protocol with the server that comes with mysql2; answers any query with one row, and what begins with `BROKEN` with an error that quotes the rest. */
export class MysqlServer {
  public static async start(): Promise<MysqlServer> {
    const server = createRequire(path.join(__dirname, 'package.json'))('mysql2').createServer();
    let id = 0;
    server.on('connection', (connection: any) => {
      connection.serverHandshake({ protocolVersion: 10, serverVersion: '8.0.0', connectionId: ++id, statusFlags: 2, characterSet: 33, capabilityFlags: 0xf7ff });
      connection.on('error', () => { /* a client that goes away */ });
      connection.on('quit', () => connection.close());
      connection.on('query', (sql: string) => {
        if (sql.startsWith('BROKEN')) {
          connection.writeError({ code: 1064, message: `You have an error in your SQL syntax near '${sql.slice('BROKEN '.length)}'` });
          return;
        }
        connection.writeTextResult([{ n: sql }], [{
          catalog: 'def', schema: 'shop', table: 't', orgTable: 't', name: 'n', orgName: 'n', characterSet: 33, columnLength: 100, columnType: 253, flags: 0, decimals: 0,
        }]);
      });
    });
    server.listen(0, '127.0.0.1');
    await new Promise<void>(resolve => server._server.once('listening', resolve));
    return new MysqlServer(server, (server._server.address() as AddressInfo).port);
  }

  private constructor(private readonly server: any, public readonly port: number) {}

  public async stop(): Promise<void> {
    await new Promise(resolve => this.server.close(resolve));
  }
}
