// uv installs in a tenth of pip's time. `npm test` has put it there; without it pip is used, and tests that are about uv install it.
const { existsSync } = require('fs');
const path = require('path');

const tools = path.join(__dirname, '..', '.venv', 'tools');
if (existsSync(tools) && !process.env.PATH.split(path.delimiter).includes(tools)) {
  process.env.PATH = [tools, process.env.PATH].join(path.delimiter);
}
