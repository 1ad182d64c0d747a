// SPDX-License-Identifier: Apache-2.0
// Reads one JSON record field by field, for the records of pods and containers: errors name the file and the field.
import { InvalidManifestError } from "../errors.ts";
import type { ProcessIdentity } from "./sandbox-record.ts";

/** Every method takes a field's name and throws InvalidManifestError when the field is not what it should be. */
export class RecordReader {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #origin: string;

  private constructor(fields: Readonly<Record<string, unknown>>, origin: string) {
    this.#fields = fields;
    this.#origin = origin;
  }

  static parse(text: string, origin: string): RecordReader {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new InvalidManifestError(`Cannot read record "${origin}": not JSON`, { cause });
    }
    if (!isObject(value)) {
      throw new InvalidManifestError(`Cannot read record "${origin}": expected a JSON object`);
    }
    return new RecordReader(value, origin);
  }

  version(): 1 {
    const version = this.#fields["version"];
    if (version !== 1) {
      throw this.#wrong("version", "1: it was written by another version of corefly");
    }
    return version;
  }

  text(field: string): string {
    const value = this.#fields[field];
    if (typeof value !== "string") {
      throw this.#wrong(field, "a text");
    }
    return value;
  }

  optionalText(field: string): string | undefined {
    return this.#fields[field] === undefined ? undefined : this.text(field);
  }

  matching(field: string, pattern: RegExp): string {
    const value = this.text(field);
    if (!pattern.test(value)) {
      throw this.#wrong(field, `a text like ${pattern.source}`);
    }
    return value;
  }

  oneOf<const Value extends string>(field: string, values: readonly Value[]): Value {
    const found = values.find((each) => each === this.#fields[field]);
    if (found === undefined) {
      throw this.#wrong(field, `one of ${values.join(", ")}`);
    }
    return found;
  }

  integer(field: string): number {
    const value = this.#fields[field];
    if (typeof value !== "number" || !Number.isSafeInteger(value)) {
      throw this.#wrong(field, "an integer");
    }
    return value;
  }

  flag(field: string): boolean {
    const value = this.#fields[field];
    if (typeof value !== "boolean") {
      throw this.#wrong(field, "true or false");
    }
    return value;
  }

  textMap(field: string): Readonly<Record<string, string>> {
    const value = this.#fields[field];
    if (!isObject(value)) {
      throw this.#wrong(field, "an object of texts");
    }
    const entries = Object.entries(value).map(([key, each]): [string, string] => {
      if (typeof each !== "string") {
        throw this.#wrong(field, "an object of texts");
      }
      return [key, each];
    });
    return Object.fromEntries(entries);
  }

  textList(field: string): readonly string[] {
    return this.#list(field, "texts", (each) => (typeof each === "string" ? each : undefined));
  }

  integerList(field: string): readonly number[] {
    return this.#list(field, "integers", (each) =>
      typeof each === "number" && Number.isSafeInteger(each) ? each : undefined,
    );
  }

  /** A field whose form is somebody else's. */
  anything(field: string): unknown {
    return this.#fields[field];
  }

  /** undefined when the field is missing. */
  process(field: string): ProcessIdentity | undefined {
    const value = this.#fields[field];
    if (value === undefined) {
      return undefined;
    }
    const wanted = "a process: bootId, pid and startTime";
    if (!isObject(value)) {
      throw this.#wrong(field, wanted);
    }
    const { bootId, pid, startTime } = value;
    if (typeof bootId !== "string" || typeof pid !== "number" || typeof startTime !== "string") {
      throw this.#wrong(field, wanted);
    }
    return { bootId, pid, startTime };
  }

  #list<Value>(field: string, what: string, take: (each: unknown) => Value | undefined): Value[] {
    const value = this.#fields[field];
    if (!Array.isArray(value)) {
      throw this.#wrong(field, `a list of ${what}`);
    }
    return value.map((each: unknown) => {
      const taken = take(each);
      if (taken === undefined) {
        throw this.#wrong(field, `a list of ${what}`);
      }
      return taken;
    });
  }

  #wrong(field: string, wanted: string): InvalidManifestError {
    return new InvalidManifestError(
      `Cannot read record "${this.#origin}": ${field} is ${JSON.stringify(this.#fields[field])}, expected ${wanted}`,
    );
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
