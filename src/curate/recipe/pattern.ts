/**
 * Globs with named captures: which files belong together, and what their names say.
 *
 * `*` is any characters of one name, `**` any folders, `?` one character; `{name}` is like `*` (at least one character) and is kept
 * under that name, `{name:digits}` takes digits only, `{name:a|b}` one of these words. A name that stands twice must be the same twice.
 * Paths are relative to the source folder, with forward slashes; a pattern that ends with a slash names folders.
 */
import { BiomedParseError } from '../../util/errors.ts';

/** What the named parts of a path are. */
export type Captures = Readonly<Record<string, string>>;

type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'any'; readonly form: '*' | '**' | '?' }
  | { readonly kind: 'capture'; readonly name: string; readonly form: string };

/** A pattern taken apart. */
export interface Pattern {
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Names of its captures, in order, each once. */
  readonly names: readonly string[];
  /** It names folders (a DICOM series), not files. */
  readonly folder: boolean;
}

const TOKEN = /\{([^{}]*)\}|\*\*\/?|\*|\?|[^{}*?]+/gy;
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

function refuse(message: string): never {
  throw new BiomedParseError('input', message);
}

/** Takes a pattern apart; refuses (`input`) braces that are not closed, names that are no names, and ways out of the source folder. */
export function parsePattern(text: string): Pattern {
  const folder = text.endsWith('/');
  const path = folder ? text.slice(0, -1) : text;
  if (path.startsWith('/') || path.includes('\\') || /^[A-Za-z]:/.test(path) || path.split('/').includes('..')) {
    refuse(`"${text}" must lead from the source folder downwards, with forward slashes`);
  }
  const pieces: Piece[] = [];
  let at = 0;
  while (at < path.length) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(path);
    if (found === null) return refuse(`"${text}" has a brace that is not closed`);
    at = TOKEN.lastIndex;
    const [token, inner] = found;
    if (inner !== undefined) {
      const [, name, form = ''] =
        /^([A-Za-z]\w*)(?::(.+))?$/.exec(inner) ?? refuse(`"${token}" is no name in "${text}"`);
      pieces.push({ kind: 'capture', name, form });
    } else if (token.startsWith('**')) pieces.push({ kind: 'any', form: '**' });
    else if (token === '*' || token === '?') pieces.push({ kind: 'any', form: token });
    else pieces.push({ kind: 'text', text: token });
  }
  const names = [...new Set(pieces.flatMap((piece) => (piece.kind === 'capture' ? [piece.name] : [])))];
  return { text, pieces, names, folder };
}

const FORMS: Readonly<Record<string, string>> = { '*': '[^/]*', '?': '[^/]', '**': '(?:[^/]+/)*', '': '[^/]+?' };

/** What paths of a pattern look like; captures that are known already stand as themselves. */
export function patternExpression(pattern: Pattern, known: Captures = {}): RegExp {
  const seen = new Set<string>();
  const parts = pattern.pieces.map((piece) => {
    if (piece.kind === 'text') return escaped(piece.text);
    if (piece.kind === 'any') return FORMS[piece.form];
    const { name, form } = piece;
    if (Object.hasOwn(known, name)) return escaped(known[name]);
    if (seen.has(name)) return `\\k<${name}>`;
    seen.add(name);
    const inner = form === 'digits' ? '\\d+' : form === '' ? FORMS[''] : form.split('|').map(escaped).join('|');
    return `(?<${name}>${inner})`;
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** The captures of a path; null where it does not match. */
export function matchPath(expression: RegExp, path: string): Captures | null {
  const found = expression.exec(path);
  return found === null ? null : { ...found.groups };
}

/** Names of the captures that a template `text {name} text` uses. */
export function templateNames(template: string): string[] {
  return [...template.matchAll(/\{([A-Za-z]\w*)\}/g)].map(([, name]) => name);
}

/** A template with its captures filled in; refuses (`input`) a name that is not among them. */
export function fillTemplate(template: string, captures: Captures): string {
  return template.replace(/\{([A-Za-z]\w*)\}/g, (_, name: string) =>
    Object.hasOwn(captures, name) ? captures[name] : refuse(`"${template}" uses {${name}}, which no pattern names`),
  );
}
