// The response of a handler as it is recorded. It is in a package only when responses are recorded.

/** A response beyond this would not fit into a datagram together with the rest of its document. */
const LARGEST_RESPONSE_BYTES = 30_000;

/** What the handler returns, or how large it was. */
export function limited(value) {
  try {
    const bytes = Buffer.byteLength(JSON.stringify(value) ?? '');
    return bytes <= LARGEST_RESPONSE_BYTES ? value : { omitted: `${bytes} bytes` };
  } catch {
    return { omitted: 'it cannot be written as JSON' }; // Lambda will fail to send it, and say so
  }
}
