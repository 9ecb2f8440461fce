// Captures AWS SDK v3 clients with the AWS X-Ray SDK.
import { guard } from '../capture/guard.mjs';

const PLUGIN = 'XRaySDKInstrumentation';

/**
 * Registers what each copy of the clients' base class calls when it is loaded: the calls are appended while bundling.
 *
 * The SDK's middleware is there for the time of `send` only, in which the AWS SDK puts its middleware together: what presigns requests uses
 * that of the client too, and calls nothing.
 */
export function captureAwsClients(AWSXRay) {
  // Clients that the handler has captured by itself, perhaps with a segment of its own, stay as they are.
  const captured = new WeakMap();

  const TRACED = Symbol('traced'); // and not the function's name, which is gone when the package is minified
  globalThis[Symbol.for('cdk-traced-function.captureClient')] = Client => {
    const { send } = Client.prototype;
    if (send[TRACED]) return; // two clients of the runtime's SDK share one base class
    Client.prototype.send = function tracedSend(...args) {
      if (!guard(() => capture(this))) return send.apply(this, args);
      try {
        return send.apply(this, args);
      } finally {
        this.middlewareStack.remove(PLUGIN);
      }
    };
    Client.prototype.send[TRACED] = true;
  };

  function capture(client) {
    let isUsers = captured.get(client);
    if (isUsers === undefined) {
      isUsers = client.middlewareStack.identify().some(name => name.startsWith(PLUGIN));
      captured.set(client, isUsers);
    }
    if (!isUsers) AWSXRay.captureAWSv3Client(client);
    return !isUsers;
  }
}
