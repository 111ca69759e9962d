// Judges definitions of state machines with asl-validator: reads a JSON array of them from a file, writes an array of
// whether each is valid, null for one that it breaks on.
import { readFileSync, writeFileSync } from "node:fs";
import validator from "asl-validator";

const judge = validator.default ?? validator;
const isValid = (definition) => {
  try {
    return judge(definition).isValid;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
};

const [source, target] = process.argv.slice(2);
writeFileSync(target, JSON.stringify(JSON.parse(readFileSync(source, "utf8")).map(isValid)));
