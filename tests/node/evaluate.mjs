// Evaluates expressions with the reference implementation of JSONata: reads a JSON array of texts from a file, writes
// an array of {value}, {undefined}, {function} or {error}.
import { readFileSync, writeFileSync } from "node:fs";
import jsonata from "jsonata";

const plain = (_key, value) =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value === undefined ? null : value;

const evaluate = async (text) => {
  try {
    const value = await jsonata(text).evaluate(undefined);
    if (value === undefined) return { undefined: true };
    if (typeof value === "function" || value?._jsonata_lambda || value?._jsonata_function) return { function: true };
    return { value: JSON.parse(JSON.stringify(value, plain)) };
  } catch (error) {
    return { error: `${error.code}: ${error.message}` };
  }
};

const [source, target] = process.argv.slice(2);
const results = [];
for (const text of JSON.parse(readFileSync(source, "utf8"))) results.push(await evaluate(text));
writeFileSync(target, JSON.stringify(results));
