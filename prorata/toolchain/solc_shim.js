// SPDX-License-Identifier: MIT
//
// The npm build of the Solidity compiler behind the native compiler's command line, as far as
// py-solc-x and ape-solidity use it:
//
//   solc_shim.js --version
//   solc_shim.js --standard-json [FILE] [--base-path DIR] [--include-path DIR]... [--allow-paths LIST]
//
// Imports that the JSON does not carry are read from the base path, then from the include paths,
// under exactly the name the source asked for, as the native compiler does it: the names end up
// in the metadata hash, and so in the bytecode.

"use strict";

const fs = require("node:fs");
const path = require("node:path");

function fail(message) {
  process.stderr.write(`Error: ${message}\n`);
  process.exit(1);
}

function loadCompiler() {
  try {
    return require("solc");
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND") fail("the npm package solc is not installed: run make setup.");
    throw error;
  }
}

// "0.8.37+commit.6b2c7a88.Emscripten.clang" as the native Linux build would print it.
function versionText(compiler) {
  const version = compiler.version().replace(/\.Emscripten\.clang$/, ".Linux.g++");
  return `solc, the solidity compiler commandline interface\nVersion: ${version}\n`;
}

function parse(args) {
  const options = { mode: null, input: null, basePath: "", includePaths: [] };
  const rest = [...args];
  while (rest.length > 0) {
    const [flag, inline] = rest.shift().split(/=(.*)/s, 2);
    const value = () => inline ?? rest.shift() ?? fail(`the option ${flag} needs a value.`);
    if (flag === "--version") options.mode = "version";
    else if (flag === "--standard-json") options.mode = "standard-json";
    else if (flag === "--base-path") options.basePath = value();
    else if (flag === "--include-path") options.includePaths.push(value());
    // Reading is confined to the base and include paths here, so there is nothing more to allow.
    else if (flag === "--allow-paths") value();
    else if (flag.startsWith("-") && flag !== "-") fail(`unrecognised option '${flag}'`);
    else options.input = flag === "-" ? null : flag;
  }
  return options;
}

function importReader(options) {
  const roots = [options.basePath || ".", ...options.includePaths].map((root) => path.resolve(root));
  return (name) => {
    for (const root of roots) {
      const file = path.resolve(root, name);
      const inside = file.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
      if (inside && fs.existsSync(file)) return { contents: fs.readFileSync(file, "utf8") };
    }
    return { error: `File not found. Searched: ${roots.join(", ")}.` };
  };
}

const options = parse(process.argv.slice(2));
if (options.mode === "version") {
  process.stdout.write(versionText(loadCompiler()));
} else if (options.mode === "standard-json") {
  const input = fs.readFileSync(options.input ?? 0, "utf8");
  const output = loadCompiler().compile(input, { import: importReader(options) });
  process.stdout.write(output + "\n");
} else {
  fail("only --version and --standard-json are supported by this build of the compiler.");
}
