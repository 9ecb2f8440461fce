// Takes what is sent to the X-Ray daemon, in a process of its own. Prints its port; on a line on standard input, how many datagrams came so far.
const dgram = require('node:dgram');

let count = 0;
const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
socket.on('message', () => count++);
socket.bind(0, '127.0.0.1', () => console.log(socket.address().port));
// What has arrived is read first.
process.stdin.on('data', () => setTimeout(() => console.log(count), 20));
process.stdin.on('end', () => socket.close());
