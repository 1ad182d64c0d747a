// SPDX-License-Identifier: Apache-2.0
// `corefly completion bash`: a script made from the same lists that the parser uses.
import { UsageError } from "../errors.ts";
import { type FlagSpec, parseFlags } from "./flags.ts";
import { GLOBAL_FLAGS } from "./globals.ts";
import { APP_FLAGS } from "./run-flags.ts";
import type { Verb } from "./verb.ts";

export const verb: Verb = {
  name: "completion",
  summary: "Print a completion script",
  usage: "bash",
  description: "Use it with: source <(corefly completion bash)",
  run: async (args, { out, verbs }) => {
    const [shell, ...others] = parseFlags([], args).positionals;
    if (shell !== "bash" || others.length > 0) {
      throw new UsageError(`Cannot complete for "${shell ?? ""}": want bash`);
    }
    const described = await Promise.all(
      verbs.map(async ({ name, load }) => ({ name, flags: (await load()).verb.flags ?? [] })),
    );
    out(bashScript(described));
    return 0;
  },
};

/** Completes verbs, their flags and, for verbs that take pods, UUIDs. */
export function bashScript(
  verbs: readonly { readonly name: string; readonly flags: readonly FlagSpec[] }[],
): string {
  const heads = [...new Set(verbs.map(({ name }) => name.split(" ")[0] ?? ""))];
  const groups = heads.flatMap((head) => {
    const words = verbs.flatMap(({ name }) =>
      name.startsWith(`${head} `) ? [name.slice(head.length + 1)] : [],
    );
    return words.length === 0 ? [] : [`    ${head}) words="${words.join(" ")}" ;;`];
  });
  const cases = verbs.map(({ name, flags }) => {
    const all = [...flags, ...(name === "run" ? APP_FLAGS : []), ...GLOBAL_FLAGS];
    return `    "${name}") flags="${[...new Set(all.filter(({ hidden }) => hidden !== true).map(flagWord))].join(" ")}" ;;`;
  });
  return `# bash completion for corefly
_corefly() {
  local current=\${COMP_WORDS[COMP_CWORD]} verb="" word words="" flags=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*|=) ;; *) verb="\${verb:+$verb }$word" ;; esac
  done
  case $verb in
${groups.join("\n")}
  esac
  case $verb in
${cases.join("\n")}
    "") words="${heads.join(" ")} help"; flags="${GLOBAL_FLAGS.filter(
      ({ hidden }) => hidden !== true,
    )
      .map(flagWord)
      .join(" ")}" ;;
  esac
  case $verb in rm|stop|status) words=$(corefly list --no-legend --full 2>/dev/null | cut -f1) ;; esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current")) ;;
  esac
  [[ \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _corefly corefly
`;
}

/** A flag that wants a value ends in "=". */
function flagWord({ name, kind }: FlagSpec): string {
  return kind === "string" ? `--${name}=` : `--${name}`;
}
