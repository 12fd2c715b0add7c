// The compiler kept warm: a JSON line in, a JSON line out. Only what a mutant is run with comes back.
"use strict";

const compiler = require("solc");
const lines = require("node:readline").createInterface({ input: process.stdin });

lines.on("line", (line) => {
  const output = JSON.parse(compiler.compile(line));
  const errors = (output.errors ?? []).filter((error) => error.severity === "error");
  const answer = errors.length ? { error: errors[0].message } : { contracts: output.contracts, sources: output.sources };
  process.stdout.write(JSON.stringify(answer) + "\n");
});
