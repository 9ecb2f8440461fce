// For .versionrc.json: the version in a pyproject.toml.
const VERSION = /^version = "([^"]*)"$/m;

exports.readVersion = contents => VERSION.exec(contents)[1];
exports.writeVersion = (contents, version) => contents.replace(VERSION, `version = "${version}"`);
