// SPDX-License-Identifier: MIT
//
// Compiles standard JSON from the standard input with the compiler of an npm package, reading what
// is imported from a folder of packages:
//
//   compile.js FOLDER PACKAGE

"use strict";

const fs = require("node:fs");
const path = require("node:path");

const [folder, compilerName] = process.argv.slice(2);
const compiler = require(path.join(folder, compilerName));

function read(name) {
  const file = path.join(folder, name);
  return fs.existsSync(file) ? { contents: fs.readFileSync(file, "utf8") } : { error: `${name} is in no package` };
}

// Compilers before 0.6 take the function itself.
const old = /^0\.[45]\./.test(compiler.version());
process.stdout.write(compiler.compile(fs.readFileSync(0, "utf8"), old ? read : { import: read }));
