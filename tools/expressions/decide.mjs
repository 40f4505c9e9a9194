// Reads JSON lines of {text, context, functions} and writes what GitHub's own library makes of each, as JSON lines.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Evaluator, Lexer, Parser, data } = await import(
  pathToFileURL(`${process.argv[2]}/@actions/expressions/dist/index.js`)
);

const inner = (value) => JSON.parse(JSON.stringify(value), data.reviver);

function decide({ text, context, functions }) {
  const made = Object.entries(functions).map(([name, value]) => ({
    name,
    minArgs: 0,
    maxArgs: 255,
    call: () => inner(value),
  }));
  const tree = new Parser(new Lexer(text).lex().tokens, Object.keys(context), made).parse();
  const found = new Evaluator(tree, inner(context), new Map(made.map((one) => [one.name.toLowerCase(), one])));
  return JSON.parse(JSON.stringify(found.evaluate(), data.replacer));
}

for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  console.log(JSON.stringify({ value: decide(JSON.parse(line)) }));
}
